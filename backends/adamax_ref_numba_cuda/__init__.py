"""The Numba-CUDA engine."""
