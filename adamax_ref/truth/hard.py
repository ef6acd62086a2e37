"""Hard cases: inputs whose exact result lies next to the middle between two numbers, or at which recipes part.

There an implementation that rounds once too often, fuses what should not be fused, or forms a constant in the wrong type shows
itself, while on ordinary inputs it may agree for a long time. The search is deterministic: equal arguments, equal finds.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import final

from adamax_ref.dialects._axes import permitted
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.profile import PROFILES, Format

from .exact import Step, as_fraction, exact_steps
from .power import exact_hyper
from .rounding import greatest, neighbour
from .stepper import run

Row = tuple[float, float, float, float]


@final
@dataclass(frozen=True)
class Hard:
    """An element worth a test.

    Attributes
    ----------
    p, g, m, u : float
        Parameter, gradient and state before the step, numbers of the storage format.
    distance : float
        How far the exact new parameter is from the middle between two numbers, in units in the last place: 0 to 0.5.
    answers : tuple of (float, tuple of str)
        The different new parameters of permitted recipes, each with the names of the recipes, the dialect's own first.
    """

    p: float
    g: float
    m: float
    u: float
    distance: float
    answers: tuple[tuple[float, tuple[str, ...]], ...]


def draws(profile: str, count: int, seed: int) -> list[Row]:
    """Return random elements with few digits between them: parameters and updates of like size, so that bits meet.

    Examples
    --------
    >>> len(draws("f16", 3, seed=1))
    3
    """
    draw, fmt = random.Random(seed), PROFILES[profile].storage
    rows = []
    for _ in range(count):
        p, g, m = (fmt.round(draw.uniform(-2, 2) * 2.0 ** draw.randint(-4, 0)) for _ in range(3))
        rows.append((p, g, m, fmt.round(draw.uniform(0.25, 2))))
    return rows


def search(dialect: Dialect, profile: str, h: Hyperparameters, t: int, rows: Sequence[Row], count: int) -> list[Hard]:
    """Return the elements nearest to a middle, nearest first.

    Parameters
    ----------
    dialect, profile, h, t : Dialect, str, Hyperparameters, int
        The step; the first one is 1.
    rows : sequence of (p, g, m, u)
        Where to look, for instance :func:`draws`.
    count : int
        How many to return.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> nearest, *_ = search(torch, "f32", torch.defaults, 2, draws("f32", 500, seed=1), 3)
    >>> nearest.distance < 0.01
    True
    """
    p, g, m, u = (list(column) for column in zip(*rows, strict=True))
    [state] = exact_steps(dialect, profile, {"p": p, "m": m, "u": u}, t - 1, [Step(g, h)])
    fmt = PROFILES[profile].storage
    near = [(from_middle(as_fraction(x), fmt), at) for at, x in enumerate(state["p"]) if not isinstance(x, float)]
    return [Hard(*rows[at], distance, parted(dialect, profile, h, t, rows[at])) for distance, at in sorted(near)[:count]]


def from_middle(x: Fraction, fmt: Format) -> float:
    """Return how far an exact number is from the middle between its neighbours in a format, in units of their distance.

    Examples
    --------
    >>> from adamax_ref.law.profile import BINARY32
    >>> from_middle(Fraction(1) + Fraction(1, 2**24), BINARY32), from_middle(Fraction(1), BINARY32)
    (0.0, 0.5)
    """
    low = greatest(x, fmt)
    high = neighbour(low, 1, fmt)
    if abs(low) > fmt.largest or abs(high) > fmt.largest:
        return 0.5
    width = Fraction(high) - Fraction(low)
    return float(abs((x - Fraction(low)) / width - Fraction(1, 2)))


def parted(dialect: Dialect, profile: str, h: Hyperparameters, t: int, row: Row) -> tuple[tuple[float, tuple[str, ...]], ...]:
    """Return the different answers that permitted recipes give for the new parameter, with the recipes' names."""
    p, g, m, u = row
    answers: dict[float, list[str]] = {}
    for one in (replace(dialect, flushes=False), *permitted(dialect, profile, h.weight_decay != 0)):
        recipe = one.recipe(h, profile)
        answer, _, _ = run(recipe, p, g, m, u, one.scalars(exact_hyper(h), t, recipe))
        answers.setdefault(answer, []).append(one.name)
    return tuple((answer, tuple(found)) for answer, found in answers.items())


def separating(finds: Iterable[Hard]) -> list[Hard]:
    """Return finds that between them tell apart every pair of recipes that any of them does: as few as are needed in order.

    Examples
    --------
    >>> one = Hard(1.0, 1.0, 0.0, 0.0, 0.1, ((1.0, ("a",)), (2.0, ("b",))))
    >>> len(separating([one, one]))
    1
    """
    told: set[frozenset[str]] = set()
    kept = []
    for find in finds:
        pairs = {frozenset((a, b)) for (_, some), (_, others) in combinations(find.answers, 2) for a in some for b in others}
        if pairs - told:
            told |= pairs
            kept.append(find)
    return kept
