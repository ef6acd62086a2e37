"""The face of adamax_ref; see the package documentation."""
