"""Below every engine: dtypes, checks and layout of memory, fused multiply-add, a recipe on arrays of any namespace."""
