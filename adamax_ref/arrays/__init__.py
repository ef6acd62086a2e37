"""Below every engine: a recipe evaluated on arrays of any namespace."""
