"""Rounding to nearest as in :mod:`~adamax_ref.exact.rounding`, and downwards, for many numbers at once.

Numbers are ``n * 2**exponent`` with `n` an array of Python's integers. Of each only as many bits are kept as the format
has, two more, and whether anything was cut off; from there on machine integers do.
"""

import numpy as np

from adamax_ref.recipe.profile import Format

from .column import Doubles, Flags, Integers, lengths

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
    kept = size >> away
    rest = np.asarray((kept << away) != size, dtype=np.int64)
    guard = np.clip(shift, 0, _GUARD)
    kept = kept.astype(np.int64)
    whole = kept >> guard
    twice = 2 * (kept - (whole << guard)) + rest - (1 << guard)  # above 0: more than half a unit is cut off
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
