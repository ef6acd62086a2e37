"""Correct rounding of exact numbers with integer arithmetic, for one number and for arrays.

Round to nearest, ties to even, with gradual underflow and overflow to infinity (IEEE 754-2019, section 4.3.1). An exact
zero becomes +0; a negative number that underflows becomes -0.

The functions for arrays take ``n * 2**exponent`` with `n` an array of Python integers. They cut each `n` to the precision
of the format, two more bits, and a flag for the bits cut off; from there on they use machine integers.
"""

import math
from fractions import Fraction

import numpy as np

from adamax_ref.recipe.profile import Format

from .interval import Doubles, Flags, Integers, lengths


def round_exact(x: Fraction | int, fmt: Format) -> float:
    """Return the number of format `fmt` that is nearest to `x`.

    Parameters
    ----------
    x : Fraction or int
        Any rational number.
    fmt : Format
        See :data:`adamax_ref.recipe.profile.FORMATS`.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY16, BINARY32
    >>> round_exact(Fraction(1, 10), BINARY32)
    0.10000000149011612
    >>> round_exact(Fraction(65519), BINARY16), round_exact(Fraction(65520), BINARY16)
    (65504.0, inf)
    >>> round_exact(Fraction(-1, 10**300), BINARY32)
    -0.0
    """
    return round_ratio(x.numerator, x.denominator, fmt)


def round_ratio(n: int, d: int, fmt: Format) -> float:
    """Return the number of format `fmt` nearest to ``n / d``, where ``d > 0``."""
    size = abs(n)
    if not size:
        return 0.0
    quantum = max(size.bit_length() - d.bit_length() - fmt.precision, fmt.emin - fmt.precision + 1)
    whole, rest = divmod(size << max(-quantum, 0), d << max(quantum, 0))
    if whole >> fmt.precision:  # the quotient had one bit more than its operands promised
        quantum += 1
        whole, rest = divmod(size << max(-quantum, 0), d << max(quantum, 0))
    twice = 2 * rest - (d << max(quantum, 0))
    whole += twice > 0 or (twice == 0 and whole & 1)
    rounded = _scaled(whole, quantum, fmt)
    return -rounded if n < 0 else rounded


def round_dyadic(n: int, exponent: int, fmt: Format) -> float:
    """Return the number of format `fmt` nearest to ``n * 2**exponent``.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY64
    >>> round_dyadic(-3, -1, BINARY64)
    -1.5
    """
    size = abs(n)
    shift = max(size.bit_length() - fmt.precision, fmt.emin - fmt.precision + 1 - exponent)
    if shift > 0:
        whole = size >> shift
        twice = 2 * (size - (whole << shift)) - (1 << shift)
        whole += twice > 0 or (twice == 0 and whole & 1)
        size, exponent = whole, exponent + shift
    rounded = _scaled(size, exponent, fmt)
    return -rounded if n < 0 else rounded


def _scaled(size: int, exponent: int, fmt: Format) -> float:
    """Return ``size * 2**exponent``, which has the format's precision, or infinity beyond the largest number."""
    if size and size.bit_length() + exponent > fmt.emax + 1:
        return math.inf
    return math.ldexp(size, exponent)


def overflow(fmt: Format) -> int:
    """Return the smallest positive number that rounds to infinity: the largest one and half a unit."""
    return (1 << (fmt.emax + 1)) - (1 << (fmt.emax - fmt.precision))


def neighbour(x: float, way: int, fmt: Format) -> float:
    """Return the next number of format `fmt` above (`way` 1) or below (`way` -1) the number `x` of that format.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY16
    >>> neighbour(0.0, -1, BINARY16), neighbour(65504.0, 1, BINARY16)
    (-5.960464477539063e-08, inf)
    """
    return from_ordinal(ordinal(x, fmt) + way, fmt)


def ordinal(x: float, fmt: Format) -> int:
    """Return the place of a number of format `fmt` among all of them: both zeros have place 0, the next one place 1."""
    pattern = fmt.encode(x)
    sign = 1 << (fmt.width - 1)
    return -(pattern - sign) if pattern & sign else pattern


def from_ordinal(place: int, fmt: Format) -> float:
    """Return the number of format `fmt` with that place; place 0 is +0."""
    return -fmt.decode(-place) if place < 0 else fmt.decode(place)


_GUARD = 2
"""Bits kept beyond the precision: with whether anything was cut off they decide every rounding."""


def round_dyadics(n: Integers, exponent: Integers, fmt: Format) -> Doubles:
    """Return the numbers of format `fmt` nearest to ``n * 2**exponent``; see :func:`~adamax_ref.exact.rounding.round_dyadic`.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> round_dyadics(np.array([2**24 + 1, -(2**200)], dtype=object), np.array([0, 0]), BINARY32).tolist()
    [16777216.0, -inf]
    """
    size = abs(n)
    shift = np.maximum(lengths(size) - fmt.precision, fmt.emin - fmt.precision + 1 - exponent)
    away = np.maximum(shift - _GUARD, 0).astype(object)
    head = size >> away
    rest = np.asarray((head << away) != size, dtype=np.int64)
    guard = np.clip(shift, 0, _GUARD)
    head = head.astype(np.int64)
    whole = head >> guard
    twice = 2 * (head - (whole << guard)) + rest - (1 << guard)  # above 0: more than half a unit is cut off
    whole += (shift > 0) & ((twice > 0) | ((twice == 0) & (whole & 1 == 1)))
    rounded = scaled(whole, exponent + np.maximum(shift, 0), fmt)
    return np.asarray(np.where(np.asarray(n < 0, dtype=bool), -rounded, rounded))


def floor_dyadics(n: Integers, exponent: Integers, fmt: Format) -> Doubles:
    """Return the greatest numbers of format `fmt` that are not above ``n * 2**exponent``; infinity once it rounds to that.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> floor_dyadics(np.array([2**24 + 1, -(2**24) - 1], dtype=object), np.array([0, 0]), BINARY32).tolist()
    [16777216.0, -16777218.0]
    """
    length = lengths(n)
    shift = np.maximum(np.maximum(length - fmt.precision, fmt.emin - fmt.precision + 1 - exponent), 0)
    whole = (n >> shift.astype(object)).astype(np.int64)
    size = scaled(abs(whole), exponent + shift, fmt)
    floor = np.where(whole < 0, -size, size)
    far = length + exponent > fmt.emax
    if np.count_nonzero(far):
        floor[far] = np.where(np.isinf(nearest := round_dyadics(n[far], exponent[far], fmt)), nearest, floor[far])
    return np.asarray(floor)


def scaled(size: Integers, exponent: Integers, fmt: Format) -> Doubles:
    """Return ``size * 2**exponent`` of at most the format's precision, infinite beyond the largest number."""
    with np.errstate(over="ignore"):
        number = np.ldexp(size.astype(np.float64), exponent)
    return np.asarray(np.where(number > fmt.largest, np.inf, number))


def storable(n: Integers, exponent: Integers, fmt: Format) -> Flags:
    """Tell which ``n * 2**exponent`` are finite numbers of a format.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> storable(np.array([2**24 - 1, 2**24 + 1, 2**30], dtype=object), np.array([0, 0, 0]), BINARY32).tolist()
    [True, False, True]
    """
    length, zeros = lengths(n), trailing(n)
    fits = (length - zeros <= fmt.precision) & (exponent + zeros > fmt.emin - fmt.precision) & (length + exponent <= fmt.emax + 1)
    return np.asarray(fits | (length == 0))


def trailing(n: Integers) -> Integers:
    """Return how many zeros each integer ends with in binary; -1 for 0."""
    return lengths(n & -n) - 1
