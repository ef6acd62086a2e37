"""A fused multiply-add for array namespaces that have none, exact to the last bit.

Written with the array-API standard alone, so that the same lines serve NumPy, strict namespaces, torch and JAX.
Both forms round to odd before the last rounding, which makes a second rounding harmless (Boldo and Melquiond 2008,
"Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd").
"""

import math
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from adamax_ref.recipe.operations import fma as exact_fma

from .types import HostArray, StandardArray

A = TypeVar("A", bound=StandardArray)


def fma_binary32(xp: ModuleType, a: A, b: A, c: A) -> A:
    """Return ``a * b + c`` of float32 arrays with a single rounding, by way of float64.

    The product of two float32 is exact in float64. The sum is rounded there; where it falls on the middle between two
    float32 and was not exact, it is moved one float64 towards the exact value, so that the final rounding decides
    rightly. A middle ``s`` is recognised without touching bits: with ``r`` the float32 nearest to ``s``, the mirror
    image ``q = 2 s - r`` is a float32 too, and another one.

    Parameters
    ----------
    xp : namespace
        With float64 and ``nextafter`` (array API 2024.12).
    a, b, c : array
        float32, shapes that broadcast.

    Examples
    --------
    >>> half_way = np.float32(1 + 2**-12), np.float32(1 + 2**-12), np.float32(2**-60)
    >>> float(fma_binary32(np, *map(np.asarray, half_way))).hex()
    '0x1.0020020000000p+0'
    """
    double, single = xp.float64, xp.float32
    product = xp.astype(a, double) * xp.astype(b, double)
    addend = xp.astype(c, double)
    total, error = two_sum(product, addend)
    nearest = xp.astype(xp.astype(total, single), double)
    mirror = total - (nearest - total)
    half_way = (mirror != nearest) & (xp.astype(xp.astype(mirror, single), double) == mirror)
    moved = xp.nextafter(total, xp.where(error > 0, xp.full_like(total, math.inf), xp.full_like(total, -math.inf)))
    inexact = xp.isfinite(error) & (error != 0)
    result: A = xp.astype(xp.where(half_way & inexact, moved, total), single)
    return result


def fma_binary64(xp: ModuleType, a: A, b: A, c: A) -> tuple[A, A]:
    """Return ``a * b + c`` of float64 arrays with a single rounding, and where that can be relied on.

    Error-free transformations: Dekker's product, two sums by Knuth, and one rounding to odd. Where an operand or an
    intermediate result comes near the ends of the range the transformations lose their exactness; those elements are
    marked, and :func:`exactly` computes them.

    Parameters
    ----------
    xp : namespace
        With float64 and ``nextafter`` (array API 2024.12).
    a, b, c : array
        float64, one shape.

    Returns
    -------
    result, safe : array
        float64 and bool.

    Examples
    --------
    >>> a, b, c = (np.asarray([x]) for x in (0.1, 10.0, -1.0))
    >>> result, safe = fma_binary64(np, a, b, c)
    >>> result.tolist(), safe.tolist()
    ([5.551115123125783e-17], [True])
    """
    high, low = _two_product(a, b)
    carry, tail = two_sum(c, low)
    total, rest = two_sum(high, carry)
    result = total + _add_to_odd(xp, tail, rest)
    size, bound = xp.abs(high), 2.0**1021
    fits = (size > 2.0**-968) & (size < bound) | _is_zero(a) | _is_zero(b)
    safe = fits & (xp.abs(a) < 2.0**995) & (xp.abs(b) < 2.0**995) & (xp.abs(c) < bound)
    factors = xp.isfinite(a) & xp.isfinite(b)
    # A zero has the sign of the plain sum, which is exact then; what is not finite follows it too, except that an
    # infinite addend must not meet a product that overflowed.
    plain = xp.where(factors & ~xp.isfinite(c), c, a * b + c)
    ordinary = factors & xp.isfinite(c)
    return xp.where(ordinary & (result != 0), result, plain), safe | ~ordinary


def exactly(a: float, b: float, c: float) -> float:
    """Return the fused multiply-add of three doubles by exact rational arithmetic.

    Examples
    --------
    >>> exactly(5e-324, 0.5, 5e-324)
    1e-323
    """
    return float(exact_fma(a, b, c))


def repair(result: StandardArray, safe: StandardArray, a: StandardArray, b: StandardArray, c: StandardArray) -> HostArray:
    """Return `result` of :func:`fma_binary64` with the elements that are not safe computed exactly; NumPy arrays.

    Examples
    --------
    >>> a, b, c = (np.array([x]) for x in (2.0**1000, 4.0, -(2.0**1001)))
    >>> with np.errstate(all="ignore"):
    ...     result, safe = fma_binary64(np, a, b, c)
    >>> safe.tolist(), float(repair(result, safe, a, b, c)[0]) == 2.0**1001
    ([False], True)
    """
    repaired = np.array(result)
    for at in zip(*np.nonzero(~np.asarray(safe)), strict=True):
        repaired[at] = exactly(float(a[at]), float(b[at]), float(c[at]))
    return repaired


def two_sum(a: StandardArray, b: StandardArray) -> tuple[StandardArray, StandardArray]:
    """Return the rounded sum and its exact error (Knuth, The Art of Computer Programming 2, 4.2.2)."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)


def _two_product(a: StandardArray, b: StandardArray) -> tuple[StandardArray, StandardArray]:
    """Return the rounded product and its exact error (Dekker 1971)."""
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    high = a * b
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(a: StandardArray) -> tuple[StandardArray, StandardArray]:
    """Split 53 bits into two times 26 (Veltkamp)."""
    scaled = a * 134217729.0  # 2**27 + 1
    high = scaled - (scaled - a)
    return high, a - high


def _add_to_odd(xp: ModuleType, a: StandardArray, b: StandardArray) -> Any:
    """Add and round to odd: an inexact sum whose last bit is even moves to its neighbour on the side of the error."""
    total, error = two_sum(a, b)
    target = xp.where(error > 0, xp.full_like(total, math.inf), xp.full_like(total, -math.inf))
    moved = xp.nextafter(total, target)
    return xp.where(xp.isfinite(error) & (error != 0) & _is_even(xp, total), moved, total)


def _is_zero(a: StandardArray) -> Any:
    return a == 0


def _is_even(xp: ModuleType, a: StandardArray) -> Any:
    """Return whether the last of 53 bits is 0: whether rounding to 52 bits (Veltkamp's split by one bit) changes nothing."""
    scaled = a * 3.0
    return scaled - (scaled - a) == a
