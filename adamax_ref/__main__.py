"""Lets ``python -m adamax_ref`` be the command ``adamax-ref``."""

from .cli import main

if __name__ == "__main__":
    main()
