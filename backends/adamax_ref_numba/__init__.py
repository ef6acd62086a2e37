"""The engine for NumPy arrays on every core: the recipe as one compiled loop."""
