"""Search for hard cases: inputs with an exact result near the middle between two numbers, where recipes differ.

An implementation that rounds once too often, fuses an operation, or forms a constant in the wrong type differs there,
while it may agree on ordinary inputs for a long time. The search is deterministic: equal arguments, equal results.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, final

import numpy as np

from adamax_ref.orders.axes import permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format

from .constants import exact_hyper
from .interval import Interval
from .recipe_set import combine
from .stepper import run
from .trajectory import Step, exact_steps

Row = tuple[float, float, float, float]
Pair = tuple[str, str]
"""Two choices on one axis of :mod:`adamax_ref.orders.axes`, such as ``("final=F1 endfma=no", "final=F5 endfma=no")``."""

_ONE_AXIS = {"mfma": "m", "endfma": "final", "decayfma": "decay"}
"""Axes that say more about another one and are counted as one with it."""


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
    """

    p: float
    g: float
    m: float
    u: float
    distance: float


def draws(profile: str, count: int, seed: int) -> list[Row]:
    """Return random elements with parameters and updates of like size, so that bits meet.

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


def nearest(dialect: Dialect, profile: str, h: Hyperparameters, t: int, rows: Iterable[Row], count: int) -> list[Hard]:
    """Return the elements nearest to a middle, nearest first, none twice.

    Parameters
    ----------
    dialect, profile, h, t : Dialect, str, Hyperparameters, int
        The step; the first one is 1.
    rows : iterable of (p, g, m, u)
        Where to look, for instance :func:`draws`.
    count : int
        How many to return.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> first, *_ = nearest(torch, "f32", torch.defaults, 2, draws("f32", 500, seed=1), 3)
    >>> first.distance < 0.01
    True
    """
    rows = list(dict.fromkeys(rows))
    p, g, m, u = (list(column) for column in zip(*rows, strict=True))
    [state] = exact_steps(dialect, profile, {"p": p, "m": m, "u": u}, t - 1, [Step(g, h)])
    fmt = PROFILES[profile].storage
    near = [(from_middle(x, fmt), at) for at, x in enumerate(state["p"]) if isinstance(x, Interval)]
    return [Hard(*rows[at], distance) for distance, at in sorted(near)[:count]]


def separated(dialect: Dialect, profile: str, h: Hyperparameters, t: int, finds: Sequence[Hard]) -> dict[Pair, Hard]:
    """Return for each pair of choices that makes a difference at some find the first such find.

    An element separates two choices on an axis if two permitted recipes that have the same choices on all other
    axes give new ``p``, ``m`` or ``u`` of different bits. Flushing is left aside.

    Parameters
    ----------
    dialect, profile, h, t : Dialect, str, Hyperparameters, int
        As for :func:`nearest`.
    finds : sequence of Hard
        Its result.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> finds = nearest(torch, "f32", torch.defaults, 2, draws("f32", 500, seed=1), 50)
    >>> separated(torch, "f32", torch.defaults, 2, finds)["m=delta mfma=fused", "m=sum mfma=none"] in finds
    True
    """
    dialects = permitted(dialect, profile, h.weight_decay != 0)
    inputs = [np.array([getattr(find, name) for find in finds]) for name in "pgmu"]
    merged = combine([replace(one, flushes=False) for one in dialects], profile, h, t)
    results = {value: np.zeros(len(finds)) for value in merged.results}
    for piece, value, numbers in merged.run(inputs):
        results[value][piece] = numbers
    bits = {value: numbers.view(np.uint64) for value, numbers in results.items()}
    first: dict[Pair, int] = {}
    for pair, one, other in _pairs([one.name for one in dialects]):
        for a, b in zip(merged.outputs[one], merged.outputs[other], strict=True):
            differ = bits[a] != bits[b]
            if differ.any():
                first[pair] = min(int(np.argmax(differ)), first.get(pair, len(finds)))
    return {pair: finds[at] for pair, at in sorted(first.items())}


def search(
    dialect: Dialect, profile: str, h: Hyperparameters, t: int, count: int = 1 << 16, seed: int = 1, share: int = 16
) -> dict[Pair, Hard]:
    """Search for hard cases: of `count` draws the nearest to a middle that tells each pair of choices apart.

    Parameters
    ----------
    dialect, profile, h, t : Dialect, str, Hyperparameters, int
        The step; the first one is 1. Give hyperparameters with many digits if choices about constants are to matter.
    count, seed : int
        How many draws, and where the random numbers start.
    share : int
        Only the nearest of so many draws are tried; by default those within about 1/32 unit of a middle.

    Returns
    -------
    dict of (str, str) to Hard
        For each pair of choices that any of them tells apart the nearest one; see :func:`separated`. One element often
        serves for many pairs, so ``set(result.values())`` is a short list of test cases.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> finds = search(torch, "f32", torch.defaults, 3, count=2000)
    >>> len(set(finds.values())) < len(finds), max(find.distance for find in finds.values()) < 0.05
    (True, True)
    """
    rows = draws(profile, count, seed)
    return separated(dialect, profile, h, t, nearest(dialect, profile, h, t, rows, max(count // share, 1)))


def _pairs(names: Sequence[str]) -> Iterable[tuple[Pair, int, int]]:
    """Yield each two recipes that differ on one axis, by their place, with the choices in which they differ."""
    choices = [_choices(name) for name in names]
    axes = dict.fromkeys(axis for one in choices for axis in one)
    chosen = {axis: [one.get(axis, "") for one in choices] for axis in axes}
    for axis in axes:
        alike: Mapping[Any, list[int]] = defaultdict(list)
        for at, mine in enumerate(choices):
            alike[tuple(choice for key, choice in mine.items() if key != axis)].append(at)
        for group in alike.values():
            for a, b in combinations(group, 2):
                one, other = sorted((a, b), key=chosen[axis].__getitem__)
                yield (chosen[axis][one], chosen[axis][other]), one, other


def _choices(name: str) -> dict[str, str]:
    """Take the name of a recipe apart into axes; a name that is not made of axes is a choice by itself."""
    results: dict[str, str] = {}
    for word in name.split():
        key = word.partition("=")[0] if "=" in word else ""
        axis = _ONE_AXIS.get(key, key)
        results[axis] = f"{results[axis]} {word}" if axis in results else word
    return results


def from_middle(x: Interval, fmt: Format) -> float:
    """Return how far an exact number is from the middle between its neighbours in a format, in units of their distance.

    Of a number that is known as an interval the end nearer to zero counts; 1/2 is the answer beyond the largest number too.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> from_middle(Interval.of(1 + 2**-24), BINARY32), from_middle(Interval.of(1.0), BINARY32)
    (0.0, 0.5)
    """
    size = min(abs(x.lo), abs(x.hi))
    shift = max(size.bit_length() - fmt.precision, fmt.emin - fmt.precision + 1 - x.exponent)
    if shift <= 0 or size.bit_length() + x.exponent > fmt.emax + 1:
        return 0.5
    return abs((size & ((1 << shift) - 1)) - (1 << (shift - 1))) / (1 << shift)


def answers(dialect: Dialect, profile: str, h: Hyperparameters, t: int, row: Row) -> dict[float, tuple[str, ...]]:
    """Return the different new parameters that permitted recipes give by the bit oracle, with the recipes' names.

    The dialect's own answer is the first. A recipe costs a fraction of a millisecond, and in 16 bits there are hundreds.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> next(iter(answers(torch, "f32", torch.defaults, 1, (1.0, 1.0, 0.0, 0.0))))
    0.9980000257492065
    """
    p, g, m, u = row
    by_answer: dict[float, list[str]] = {}
    for one in (replace(dialect, flushes=False), *permitted(dialect, profile, h.weight_decay != 0)):
        recipe = one.recipe(h, profile)
        answer, _, _ = run(recipe, p, g, m, u, one.scalars(exact_hyper(h), t, recipe))
        by_answer.setdefault(answer, []).append(one.name)
    return {answer: tuple(names) for answer, names in by_answer.items()}
