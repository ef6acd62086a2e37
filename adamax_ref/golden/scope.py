"""What the corpus covers: dialects and, for each, the profiles in which its framework computes.

A dialect joins by a line here, once its recipe has been confirmed against the framework itself.
"""

SCOPE: dict[str, tuple[str, ...]] = {
    "keras": ("f32", "f64"),
    "mlx": ("f32", "f64"),
    "optax": ("f32", "f64"),
    "paddle": ("f32", "f64"),
    "paper": ("bf16", "f16", "f32", "f64"),
    "torch": ("bf16", "f16", "f32", "f64"),
}


def chosen(dialects: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the part of the scope that these dialects are, all of it for none.

    Raises
    ------
    ValueError
        When the corpus does not cover one of them; the message lists those it covers.

    Examples
    --------
    >>> sorted(chosen(("torch",)))
    ['torch']
    """
    for name in dialects:
        if name not in SCOPE:
            raise ValueError(f"the corpus does not cover dialect {name!r}; it covers {', '.join(sorted(SCOPE))}")
    return {name: profiles for name, profiles in SCOPE.items() if not dialects or name in dialects}
