"""Ranges of values in doubles: the quick way to know how large everything is, once nothing is exactly known any more.

A range is a :class:`~adamax_ref.exact.magnitude.Magnitude`. Each operation is done on its ends and moved outwards by one
double, so a range always contains the exact value; exact zeros stay exact, and nothing else is claimed to be representable.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .column import Doubles
from .magnitude import Magnitude
from .values import Plan


def _made(low: Any, high: Any, zero: Any) -> Magnitude:
    low = np.where(zero, 0.0, np.nextafter(low, -np.inf))
    high = np.where(zero, 0.0, np.nextafter(high, np.inf))
    return between(low, high)


def between(low: Doubles, high: Doubles) -> Magnitude:
    """Return the magnitude of values that lie between two doubles; it is exactly 0 where both are.

    Examples
    --------
    >>> between(np.array([-1.0]), np.array([3.0])).upper
    array([3.])
    """
    never = np.zeros(np.shape(low), dtype=bool)
    upper, lower = np.maximum(-low, high), np.maximum(np.maximum(low, -high), 0.0)
    return Magnitude(low, high, upper, lower, (low == 0) & (high == 0), never, never, never, never)


def _add(x: Magnitude, y: Magnitude) -> Magnitude:
    return _made(x.low + y.low, x.high + y.high, x.zero & y.zero)


def _neg(x: Magnitude) -> Magnitude:
    return between(-x.high, -x.low)


def _mul(x: Magnitude, y: Magnitude) -> Magnitude:
    ends = [x.low * y.low, x.low * y.high, x.high * y.low, x.high * y.high]
    return _made(np.minimum.reduce(ends), np.maximum.reduce(ends), x.zero | y.zero)


def _div(x: Magnitude, y: Magnitude) -> Magnitude:
    """Divide; where the divisor may be 0 the range is everything."""
    split = (y.low <= 0) & (y.high >= 0)
    low, high = np.where(split, 1.0, y.low), np.where(split, 1.0, y.high)
    ends = [x.low / low, x.low / high, x.high / low, x.high / high]
    smallest, largest = np.minimum.reduce(ends), np.maximum.reduce(ends)
    return _made(np.where(split, -np.inf, smallest), np.where(split, np.inf, largest), x.zero & ~split)


def _max(x: Magnitude, y: Magnitude) -> Magnitude:
    return between(np.maximum(x.low, y.low), np.maximum(x.high, y.high))


TABLE: Mapping[str, Callable[..., Magnitude]] = {
    "add": _add,
    "sub": lambda x, y: _add(x, _neg(y)),
    "mul": _mul,
    "div": _div,
    "fma": lambda x, y, z: _add(_mul(x, y), z),
    "neg": _neg,
    "abs": lambda x: between(x.lower, x.upper),
    "max": _max,
    "greater": _max,
}
"""The operations of a recipe on ranges."""


def ranges(steps: Plan, known: Mapping[int, Magnitude]) -> dict[int, Magnitude]:
    """Return the ranges of all values of a plan, from those of its inputs and constants."""
    found = dict(known)
    with np.errstate(all="ignore"):
        for at, name, args in steps.steps:
            found[at] = TABLE[name](*(found[arg] for arg in args))
    return found
