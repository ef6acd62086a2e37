"""Correct rounding of exact numbers, from integers alone.

:func:`round_exact` rounds to nearest, ties to even, with gradual underflow and overflow to infinity (IEEE 754-2019,
section 4.3.1). Zeros: an exact zero becomes +0, a negative number that is too small becomes -0.
"""

import math
from fractions import Fraction

from adamax_ref.recipe.profile import Format


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
