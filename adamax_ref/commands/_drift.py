"""How a drift is printed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adamax_ref.dialects import get
from adamax_ref.drift import drift, marks, plot


def described_drift(name: str, other: str, profile: str, steps: int, changes: dict[str, Any]) -> Iterator[str]:
    """Yield a drift as numbers and as a plot, line by line.

    Parameters
    ----------
    name, other : str
        Dialects; the hyperparameters are the first one's defaults.
    profile, steps : str, int
        Number types and length of the run.
    changes : dict
        Hyperparameters that were given; None stands for one that was not.

    Examples
    --------
    >>> next(described_drift("torch", "optax", "f32", 10, {}))
    'torch against optax in f32: lr=0.002 betas=(0.9, 0.999) eps=1e-08 weight_decay=0.0'
    """
    h = replace(get(name).defaults, **{key: value for key, value in changes.items() if value is not None})
    found = drift(name, other, h, profile, steps)
    yield f"{name} against {other} in {profile}: lr={h.lr} betas=({h.beta1}, {h.beta2}) eps={h.eps} weight_decay={h.weight_decay}"
    yield "the same standard normal gradients; differences of the parameters in units of lr"
    yield f"{'step':>7} {'largest':>10} {'typical':>10} {'bits differ':>12}"
    for step in marks(steps):
        at = step - 1
        yield f"{step:>7} {found.largest[at]:>10.3g} {found.typical[at]:>10.3g} {found.parted[at]:>12.1%}"
    if found.growth is not None:
        yield f"typical difference grows like step**{found.growth:.2f}"
    yield "typical difference against step"
    yield from plot(found.typical)
