"""Sizes of exact values as doubles that err on the safe side, and arithmetic on bounds that rounds upwards.

:func:`magnitudes` measures exact values. :func:`ranges` derives the sizes of results from the sizes of operands, in
doubles alone: each operation works on the ends and moves them outwards by one double, so a range always contains the
exact value. Exact zeros stay exact; no other result counts as representable.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any, final

import numpy as np

from adamax_ref.recipe.profile import Format

from .graph import Plan
from .interval import Column, Doubles, Flags, Interval, lengths
from .rounding import storable, trailing
from .values import Numbers

_GROW = 1 + 2.0**-48
_TINY = 2.0**-1073
_SMALL = 2.0**-1000
_LONG = 1000


@final
@dataclass(frozen=True)
class Magnitude:
    """Size and representability of one exact value, for each element.

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


def magnitude(numbers: Numbers, working: Format, storage: Format) -> Magnitude:
    """Measure one value of many elements.

    Parameters
    ----------
    numbers : Numbers
        The value, by element.
    working, storage : Format
        Of the recipe.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> two = magnitude(Numbers(Column.of(np.array([1.0, 1.0])) / Column.of(np.array([1.0, 3.0]))), BINARY32, BINARY32)
    >>> two.fits_working.tolist(), bool(two.low[1] < 1 / 3 < two.high[1])
    ([True, False], True)
    """
    special, column = numbers.flags, numbers.column
    zero = column.is_zero | special
    with np.errstate(over="ignore"):  # beyond the largest double lies infinity, which encloses as well
        low, high = (np.ldexp(end.astype(np.float64), column.exponent) for end in (column.lo, column.hi))
        low, high = np.where(zero, 0.0, np.nextafter(low, -np.inf)), np.where(zero, 0.0, np.nextafter(high, np.inf))
    upper, lower = np.maximum(-low, high), np.maximum(np.maximum(low, -high), 0.0)
    return Magnitude(low, high, upper, lower, zero, special, *_fits(column, zero, working, storage))


def _fits(column: Column, zero: Flags, working: Format, storage: Format) -> tuple[Flags, Flags, Flags]:
    """Tell which values are known exactly and are numbers of the formats, and which are powers of two."""
    wide, narrow, binary = zero.copy(), zero.copy(), np.zeros_like(zero)
    points = np.flatnonzero(column.is_point & ~zero)
    if points.size:
        n, exponent = column.lo[points], column.exponent[points]
        wide[points] = storable(n, exponent, working)
        narrow[points] = wide[points] if storage is working else wide[points] & storable(n, exponent, storage)
        binary[points] = lengths(n) == trailing(n) + 1
    return wide, narrow, binary


def magnitudes(numbers: Mapping[int, Numbers], working: Format, storage: Format) -> dict[int, Magnitude]:
    """Measure some values in one go; they may differ in length.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> made = magnitudes({5: Numbers.of([0.5, 3.0]), 7: Numbers.of([0.1])}, BINARY32, BINARY32)
    >>> made[5].fits_working, made[7].fits_working
    (array([ True,  True]), array([False]))
    """
    columns = [*numbers.values()]
    ends = [*accumulate(map(len, columns), initial=0)]
    special = {begin + at: x for begin, one in zip(ends, columns, strict=False) for at, x in one.special.items()}
    whole = magnitude(Numbers(Column.stacked([one.column for one in columns]), special), working, storage)
    parts = [getattr(whole, field.name) for field in fields(Magnitude)]
    slices = map(slice, ends, ends[1:])
    return {name: Magnitude(*(part[one] for part in parts)) for name, one in zip(numbers, slices, strict=True)}


def _near(n: int, exponent: int) -> float:
    """Return a double less than one unit away, infinite beyond the largest; longer integers than a double holds are cut."""
    if n.bit_length() > _LONG:
        n, exponent = n >> _LONG // 2, exponent + _LONG // 2
        return _near(n, exponent)
    try:
        return math.ldexp(n, exponent)
    except OverflowError:
        return math.inf if n > 0 else -math.inf


def up(x: Interval) -> float:
    """Return a double that is at least the absolute value of an exact number."""
    return math.nextafter(max(abs(_near(x.lo, x.exponent)), abs(_near(x.hi, x.exponent))), math.inf) if x.lo or x.hi else 0.0


def plus(*parts: Any) -> Any:
    """Add numbers that are not negative, rounding upwards."""
    return sum(parts[1:], parts[0]) * _GROW


def times(a: Any, b: Any) -> Any:
    """Multiply numbers that are not negative, rounding upwards; zero times anything is zero."""
    product = a * b * _GROW
    if _ordinary(product):
        return product
    return np.where(np.minimum(a, b) > 0, product + _TINY, 0.0)


def over(a: Any, b: Any) -> Any:
    """Divide numbers that are not negative, rounding upwards; infinite over zero, and zero divided stays zero."""
    quotient = a / b * _GROW
    if _ordinary(quotient):
        return quotient
    positive = np.asarray(b) > 0
    return np.where(np.asarray(a) > 0, np.where(positive, quotient + _TINY, np.inf), 0.0)


def minus(a: Any, b: Any) -> Any:
    """Return ``a - b`` rounded downwards where it is positive, 0 elsewhere; infinities never count as positive."""
    difference = np.asarray(a) - b
    if _ordinary(difference):
        return difference * (2 - _GROW)
    return np.where(difference > 0, difference * (2 - _GROW) - _TINY, 0.0)


def _ordinary(x: Any) -> bool:
    """Tell whether all numbers are so large that ``_TINY`` more or less makes no difference; NaN is not."""
    return bool(x.size and x.item(x.argmin()) > _SMALL)


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
    sizes = dict(known)
    with np.errstate(all="ignore"):
        for at, name, args in steps.steps:
            sizes[at] = TABLE[name](*(sizes[arg] for arg in args))
    return sizes
