"""The operations an Adamax step is made of, on anything that computes.

An update is written with ``+ - * / abs`` and the functions of this file. Each of them means the same thing on a
traced symbol, on a float, on a rational and on an interval: a symbol records it, a number does it. A type takes
part by having the method named beside each function; plain numbers need none.
"""

import math
from fractions import Fraction
from numbers import Rational
from typing import Any, TypeVar

from .types import Scalar

NAMES = ("add", "sub", "mul", "div", "fma", "neg", "abs", "max", "greater", "round", "flush")
"""Every operation a recipe may hold. All but ``greater`` and ``flush`` are IEEE 754 operations."""

S = TypeVar("S", bound=Scalar)


def fma(a: S, b: S, c: S) -> S:
    """Return ``a * b + c`` with a single rounding (method ``__fma__(a, b, c)``).

    Examples
    --------
    >>> fma(0.1, 10.0, -1.0)
    5.551115123125783e-17
    """
    for operand in (a, b, c):
        if hasattr(operand, "__fma__"):
            once: S = operand.__fma__(a, b, c)
            return once
    number: S = _fma_of_numbers(a, b, c)
    return number


def _fma_of_numbers(a: Any, b: Any, c: Any) -> Any:
    if all(isinstance(operand, Rational) for operand in (a, b, c)):
        return a * b + c
    if not all(map(math.isfinite, (a, b, c))):
        return c if math.isfinite(a) and math.isfinite(b) else a * b + c  # a product that overflows is still finite
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return float(a) * float(b) + float(c)  # the sign of an exact zero is that of the plain sum
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def maximum(a: S, b: S) -> S:
    """Return the larger of two values; NaN from either side wins (method ``__maximum__(a, b)``).

    Examples
    --------
    >>> maximum(1.0, math.nan)
    nan
    """
    for operand in (a, b):
        if hasattr(operand, "__maximum__"):
            larger: S = operand.__maximum__(a, b)
            return larger
    x: Any = a  # plain numbers by now, which compare
    return a if x >= b or x != x else b


def greater(a: S, b: S) -> S:
    """Return ``b if a < b else a``: an unordered pair yields the first (method ``__greater__(a, b)``).

    Examples
    --------
    >>> greater(1.0, math.nan)
    1.0
    """
    for operand in (a, b):
        if hasattr(operand, "__greater__"):
            larger: S = operand.__greater__(a, b)
            return larger
    x: Any = a  # plain numbers by now, which compare
    return b if x < b else a


def store(a: S) -> S:
    """Round to the storage type (method ``__store__()``); on a plain number nothing happens.

    Examples
    --------
    >>> store(0.1)
    0.1
    """
    return a.__store__() if hasattr(a, "__store__") else a
