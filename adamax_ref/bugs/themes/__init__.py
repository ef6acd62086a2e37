"""Known bugs, one file a theme; each file holds one tuple ``BUGS`` and is found by its name."""
