"""The designs, one file a category; each file's docstring is what its vector files say of themselves."""
