"""The constants of a step: their exact values, and how far the ones that programs use are from them.

A constant that does not depend on ``beta1**t`` is known: it is formed by a few correctly rounded operations, so its error
is a number, not an estimate. The power itself is good to ``4 + t`` half units in the last place: that covers a library's
``pow`` that errs by a unit or two as well as a running product of t factors in the same type. Every constant is a
monotonic function of the power, and rounding is monotonic, so its extremes are reached at the extremes of the power.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, Format, Rounding, Unrounded
from adamax_ref.recipe.recipe import Recipe

from .graph import Graph
from .interval import BITS, Interval
from .power import ExactPower, power
from .rounding import round_exact

_FIELDS = ("lr", "beta1", "beta2", "eps", "weight_decay")


@final
class LowPower(float):
    """A float whose powers are too small by as much as a power may err."""

    __slots__ = ()

    def __pow__(self, exponent: int, modulo: None = None) -> float:  # type: ignore[override]
        return self.power_in(exponent, BINARY64)

    def power_in(self, exponent: int, fmt: Format) -> float:
        """Return the power in a format; an exactly representable power is never missed."""
        return _shifted(float(self), exponent, fmt, -1)


@final
class HighPower(float):
    """A float whose powers are too large by as much as a power may err."""

    __slots__ = ()

    def __pow__(self, exponent: int, modulo: None = None) -> float:  # type: ignore[override]
        return self.power_in(exponent, BINARY64)

    def power_in(self, exponent: int, fmt: Format) -> float:
        """Return the power in a format; an exactly representable power is never missed."""
        return _shifted(float(self), exponent, fmt, 1)


@lru_cache(maxsize=65536)
def _shifted(x: float, t: int, fmt: Format, way: int) -> float:
    nearest = power(x, t, fmt)
    n = x.as_integer_ratio()[0]
    if not n or (n.bit_length() * t < 20_000 and Fraction(nearest) == Fraction(x) ** t):
        return nearest
    return round_exact(Fraction(nearest) * (1 + way * Fraction(4 + t, 1 << fmt.precision)), fmt)


def exact_constants(dialect: Dialect, h: Hyperparameters, t: int, bits: int | None = BITS) -> Mapping[str, Any]:
    """Return the constants of step `t` without any rounding: intervals of `bits` bits, or fractions where it is None.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> exact_constants(get("paper"), Hyperparameters(beta1=0.5, lr=0.25, eps=0.0), 2, bits=None)["rate"]
    Fraction(1, 3)
    """
    kind = Fraction if bits is None else (lambda x: Interval.of(x, bits))
    numbers = {name: kind(getattr(h, name)) for name in _FIELDS}
    made = dialect.constants(SimpleNamespace(**numbers, maximize=h.maximize), t, Unrounded())
    return {name: number if isinstance(number, Interval) else kind(number) for name, number in made.items()}


def errors(
    graph: Graph, dialects: Sequence[Dialect], recipes: Sequence[Recipe], h: Hyperparameters, t: int, exact: Mapping[int, Interval]
) -> dict[int, float]:
    """Return for every constant node how far the constants that permitted recipes use may be from the exact one.

    Parameters
    ----------
    graph : Graph
        Made of `dialects` and `recipes`.
    h, t : Hyperparameters, int
        Of the step.
    exact : mapping of int to Interval
        The exact constants by node.

    Returns
    -------
    dict of int to float
        Rounded up; infinite where a permitted recipe's constant is not finite.
    """
    hypers = _hypers(h)
    used: dict[Any, list[dict[str, float]]] = {}
    worst = {}
    for place, sources in graph.constants.items():
        hats: set[float] = set()
        for source, name in sources:
            dialect, recipe = dialects[source], recipes[source]
            key = (dialect.constants, recipe.working, recipe.storage, dialect.flushes)
            if key not in used:
                used[key] = [formed(dialect, number, t, recipe) for number in hypers]
            hats |= {made[name] for made in used[key]}
        interval = exact[place]
        worst[place] = _farthest(frozenset(hats), interval.lo, interval.hi, interval.exponent)
    return worst


@lru_cache(maxsize=1024)
def _hypers(h: Hyperparameters) -> tuple[Hyperparameters, ...]:
    """Return them with exact powers of beta1, and with ones that are too small and too large."""
    return tuple(replace(h, beta1=kind(h.beta1)) for kind in (ExactPower, LowPower, HighPower))


def formed(dialect: Dialect, h: Hyperparameters, t: int, recipe: Recipe) -> dict[str, float]:
    """Return all constants of a dialect by name, those that the recipe does not use included."""
    made = dialect.constants(h, t, Rounding(recipe.working_format, recipe.storage_format))
    flush = recipe.working_format.flush if dialect.flushes else float
    return {name: flush(float(number)) for name, number in made.items()}


@lru_cache(maxsize=4096)
def _farthest(hats: frozenset[float], lo: int, hi: int, exponent: int) -> float:
    """Return the largest distance from any of `hats` to any number in an interval, rounded up."""
    if not all(map(math.isfinite, hats)):
        return math.inf
    scale = Fraction(2) ** exponent
    low, high = lo * scale, hi * scale
    worst = max(max(Fraction(hat) - low, high - Fraction(hat)) for hat in hats)
    nearest = round_exact(worst, BINARY64)
    return nearest if nearest >= worst else math.nextafter(nearest, math.inf)
