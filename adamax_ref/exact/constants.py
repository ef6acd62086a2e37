"""The constants of a step: correctly rounded, exact, and how far permitted ones are from the exact ones.

The only function in Adamax that processors do not round correctly is ``beta1**t``, which comes from the platform's
``pow``. :class:`ExactPower` is a float with correctly rounded powers, so that constants are the same on every platform.

A constant that does not depend on ``beta1**t`` takes a few correctly rounded operations, so its error is a known number.
The power itself is allowed an error of ``4 + t`` half units in the last place: that covers a library's ``pow`` that errs
by a unit or two, and a running product of t factors in the same type. Every constant is a monotonic function of the
power, and rounding is monotonic, so the extremes of a constant belong to the extremes of the power.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, SupportsIndex, final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, Format, Rounding, Unrounded
from adamax_ref.recipe.recipe import Recipe

from .graph import Graph
from .interval import BITS, Interval
from .rounding import round_dyadic, round_exact

_START_BITS = 256


def power(x: float, t: int, fmt: Format = BINARY64) -> float:
    """Return the number of format `fmt` nearest to ``x**t``.

    Parameters
    ----------
    x : float
        A finite number.
    t : int
        At least 0.
    fmt : Format
        Of the result; there is only one rounding, from the exact power to this format.

    Raises
    ------
    ValueError
        When `t` is negative.

    Examples
    --------
    >>> power(0.9, 3), power(0.5, 2000)
    (0.7290000000000001, 0.0)
    """
    if t < 0:
        raise ValueError(f"t must be at least 0, not {t}: a step number counts from 1")
    n, d = x.as_integer_ratio()
    exponent = 1 - d.bit_length()
    size = abs(n)
    bits = _START_BITS
    while True:
        low, high, shift = _enclosed(size, t, bits)
        below, above = (round_dyadic(end, exponent * t + shift, fmt) for end in (low, high))
        if below == above:
            return -below if n < 0 and t % 2 else below
        bits *= 2


def _enclosed(n: int, t: int, bits: int) -> tuple[int, int, int]:
    """Return integers with ``low * 2**shift <= n**t <= high * 2**shift`` of about `bits` bits, by repeated squaring."""
    low = high = 1
    shift = 0
    for bit in bin(t)[2:]:
        low, high, shift = low * low, high * high, 2 * shift
        if bit == "1":
            low, high = low * n, high * n
        excess = high.bit_length() - bits
        if excess > 0:
            low, high, shift = low >> excess, -(-high >> excess), shift + excess
    return low, high, shift


class ExactPower(float):
    """A float whose integer powers are correctly rounded; in every other respect a float.

    Examples
    --------
    >>> ExactPower(0.9) ** 3 == power(0.9, 3)
    True
    """

    __slots__ = ()
    way: ClassVar[Literal[-1, 0, 1]] = 0

    def __pow__(self, exponent: SupportsIndex, modulo: None = None) -> float:  # type: ignore[override]
        return self.power_in(exponent.__index__(), BINARY64)

    def power_in(self, exponent: int, fmt: Format) -> float:
        """Return the power in a format; an exactly representable power is never missed."""
        return _shifted(float(self), exponent, fmt, self.way) if self.way else power(float(self), exponent, fmt)


@lru_cache(maxsize=256)
def exact_hyper(h: Hyperparameters) -> Hyperparameters:
    """Return equal hyperparameters, of which a dialect forms constants that are the same on every platform.

    Examples
    --------
    >>> exact_hyper(Hyperparameters()) == Hyperparameters()
    True
    """
    betas = replace(h, beta1=ExactPower(h.beta1), beta2=ExactPower(h.beta2))
    return replace(betas, lr=ExactPower(h.lr), eps=ExactPower(h.eps), weight_decay=ExactPower(h.weight_decay))


_FIELDS = ("lr", "beta1", "beta2", "eps", "weight_decay")


@final
class LowPower(ExactPower):
    """A float with powers that are too small by as much as a power may err."""

    __slots__ = ()
    way = -1


@final
class HighPower(ExactPower):
    """A float with powers that are too large by as much as a power may err."""

    __slots__ = ()
    way = 1


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
    values = dialect.constants(SimpleNamespace(**numbers, maximize=h.maximize), t, Unrounded())
    return {name: number if isinstance(number, Interval) else kind(number) for name, number in values.items()}


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
            hats |= {values[name] for values in used[key]}
        interval = exact[place]
        worst[place] = _farthest(frozenset(hats), interval.lo, interval.hi, interval.exponent)
    return worst


@lru_cache(maxsize=1024)
def _hypers(h: Hyperparameters) -> tuple[Hyperparameters, ...]:
    """Return them with exact powers of beta1, and with ones that are too small and too large."""
    return tuple(replace(h, beta1=kind(h.beta1)) for kind in (ExactPower, LowPower, HighPower))


def formed(dialect: Dialect, h: Hyperparameters, t: int, recipe: Recipe) -> dict[str, float]:
    """Return all constants of a dialect by name, those that the recipe does not use included."""
    values = dialect.constants(h, t, Rounding(recipe.working_format, recipe.storage_format))
    flush = recipe.working_format.flush if dialect.flushes else float
    return {name: flush(float(number)) for name, number in values.items()}


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
