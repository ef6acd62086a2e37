"""How large exact values are, as doubles that err on the safe side, and arithmetic on bounds that rounds upwards."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from adamax_ref.law.profile import Format

from .interval import Interval
from .rounding import is_storable

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_GROW = 1 + 2.0**-48
_TINY = 2.0**-1073
_LONG = 1000


@final
@dataclass(frozen=True)
class Magnitude:
    """What the analysis needs to know of one exact value, for each element.

    Attributes
    ----------
    low, high : array
        Doubles that enclose it.
    upper, lower : array
        Doubles that enclose its absolute value.
    zero : array of bool
        Where it is exactly 0.
    special : array of bool
        Where it is NaN or infinite; the doubles are 0 there.
    fits_working, fits_storage : array of bool
        Where it is known exactly and is a number of that format.
    binary : array of bool
        Where it is exactly a power of two, of either sign.
    """

    low: Doubles
    high: Doubles
    upper: Doubles
    lower: Doubles
    zero: Flags
    special: Flags
    fits_working: Flags
    fits_storage: Flags
    binary: Flags


def magnitude(numbers: Sequence[Any], working: Format, storage: Format) -> Magnitude:
    """Measure one value of many elements.

    Parameters
    ----------
    numbers : sequence of Interval or float
        Floats are NaN or infinite.
    working, storage : Format
        Of the recipe.

    Examples
    --------
    >>> from adamax_ref.law.profile import BINARY32
    >>> one = magnitude([Interval.of(1.0), Interval.of(1) / 3], BINARY32, BINARY32)
    >>> one.fits_working.tolist(), bool(one.low[1] < 1 / 3 < one.high[1])
    ([True, False], True)
    """
    special = np.array([isinstance(number, float) for number in numbers], dtype=bool)
    if special.any():
        numbers = [_ZERO if isinstance(number, float) else number for number in numbers]
    low = np.array([_near(number.lo, number.exponent) for number in numbers])
    high = np.array([_near(number.hi, number.exponent) for number in numbers])
    zero = np.array([not (number.lo or number.hi) for number in numbers], dtype=bool)
    fits = [_fits(number, working, storage) for number in numbers]
    with np.errstate(over="ignore"):  # beyond the largest double lies infinity, which encloses as well
        low, high = np.where(zero, 0.0, np.nextafter(low, -np.inf)), np.where(zero, 0.0, np.nextafter(high, np.inf))
    upper, lower = np.maximum(-low, high), np.maximum(np.maximum(low, -high), 0.0)
    fits_working, fits_storage, binary = (np.array(column, dtype=bool) for column in zip(*fits, strict=True))
    return Magnitude(low, high, upper, lower, zero, special, fits_working, fits_storage, binary)


_ZERO = Interval(0, 0, 0)


def of_constant(number: Interval, working: Format, storage: Format) -> Magnitude:
    """Measure one number; most constants are the same in every step, and measured once."""
    return _of_constant(number.lo, number.hi, number.exponent, working, storage)


@lru_cache(maxsize=4096)
def _of_constant(lo: int, hi: int, exponent: int, working: Format, storage: Format) -> Magnitude:
    return magnitude([Interval(lo, hi, exponent, max(lo.bit_length(), hi.bit_length(), 1))], working, storage)


def _near(n: int, exponent: int) -> float:
    """Return a double less than one unit away, infinite beyond the largest; longer integers than a double holds are cut."""
    if n.bit_length() > _LONG:
        n, exponent = n >> _LONG // 2, exponent + _LONG // 2
        return _near(n, exponent)
    try:
        return math.ldexp(n, exponent)
    except OverflowError:
        return math.inf if n > 0 else -math.inf


def _fits(number: Interval, working: Format, storage: Format) -> tuple[bool, bool, bool]:
    n = number.lo
    if n != number.hi:
        return False, False, False
    wide = is_storable(n, number.exponent, working)
    return wide, wide and (storage is working or is_storable(n, number.exponent, storage)), n != 0 and abs(n) & (abs(n) - 1) == 0


def up(x: Interval) -> float:
    """Return a double that is at least the absolute value of an exact number."""
    return math.nextafter(max(abs(_near(x.lo, x.exponent)), abs(_near(x.hi, x.exponent))), math.inf) if x.lo or x.hi else 0.0


def plus(*parts: Any) -> Any:
    """Add numbers that are not negative, rounding upwards."""
    return sum(parts[1:], parts[0]) * _GROW


def times(a: Any, b: Any) -> Any:
    """Multiply numbers that are not negative, rounding upwards; zero times anything is zero."""
    return np.where((np.asarray(a) > 0) & (np.asarray(b) > 0), a * b * _GROW + _TINY, 0.0)


def over(a: Any, b: Any) -> Any:
    """Divide numbers that are not negative, rounding upwards; infinite over zero, and zero divided stays zero."""
    positive = np.asarray(b) > 0
    quotient = a / np.where(positive, b, 1.0) * _GROW + _TINY
    return np.where(np.asarray(a) > 0, np.where(positive, quotient, np.inf), 0.0)


def minus(a: Any, b: Any) -> Any:
    """Return ``a - b`` rounded downwards where it is positive, 0 elsewhere; infinities never count as positive."""
    difference = np.asarray(a) - b
    return np.where(difference > 0, difference * (2 - _GROW) - _TINY, 0.0)
