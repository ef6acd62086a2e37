"""Powers the way machines form them: by the C library in a working type, and as a running product.

``beta1**t`` is the one number of a step that IEEE 754 does not determine, so a dialect says how its framework gets it.
"""

import ctypes
from array import array
from bisect import bisect_left
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .profile import Format


def platform_power(x: float, exponent: int, form: "Format") -> float:
    """Return ``x**exponent`` as the C library of this machine forms it for numbers of `form`, not yet rounded.

    Parameters
    ----------
    x : float
        A number of the format `form`.
    exponent : int
        At least 0.
    form : Format
        For binary32 the library's ``powf`` decides, which need not be correctly rounded; every other format goes by
        way of ``pow`` in double.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY64
    >>> platform_power(0.5, 3, BINARY64)
    0.125
    """
    power = _powf() if form.name == "binary32" else None
    return x**exponent if power is None else float(power(x, float(exponent)))


@cache
def _powf() -> Callable[[float, float], float] | None:
    """Find the C library's ``powf``; None where the running program does not export it."""
    try:
        power = ctypes.CDLL(None).powf
    except (AttributeError, OSError, TypeError):
        return None
    power.restype, power.argtypes = ctypes.c_float, (ctypes.c_float, ctypes.c_float)
    return lambda x, y: float(power(x, y))


def running_product(x: float, count: int, form: "Format") -> float:
    """Return ``x * x * ... * x`` of `count` factors, multiplied from the left and rounded to `form` each time.

    Parameters
    ----------
    x : float
        A number of the format `form`.
    count : int
        Number of factors, at least 1. Products are remembered, so that counting up costs one multiplication a step.
    form : Format
        Of every intermediate product.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> running_product(0.5, 3, BINARY32)
    0.125
    """
    known = _products(x, form)
    while len(known) < count and not _stands_still(known, x, form):
        known.append(form.round(known[-1] * x))
    return known[min(count, len(known)) - 1]


def factors_of(product: float, x: float, form: "Format") -> int | None:
    """Return the number of factors that a running product consists of; None where no number or more than one gives it.

    Parameters
    ----------
    product : float
        What :func:`running_product` returned.
    x : float
        The factor, below 1, so that products fall until they stand still.
    form : Format
        Of every intermediate product.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> factors_of(0.125, 0.5, BINARY32), factors_of(0.3, 0.5, BINARY32)
    (3, None)

    Zero is the product of 150 such factors and of any more, so it determines none:

    >>> factors_of(0.0, 0.5, BINARY32) is None
    True
    """
    known = _products(x, form)
    while known[-1] > product and not _stands_still(known, x, form):
        known.append(form.round(known[-1] * x))
    at = bisect_left(known, -product, key=float.__neg__)
    if at == len(known) or known[at] != product or form.round(product * x) == product:
        return None
    return at + 1


def last_distinct_product(x: float, form: "Format") -> int:
    """Return the largest number of factors that their running product determines; the next one gives what all further ones give.

    Parameters
    ----------
    x : float
        The factor, in [0, 1]. It takes about ``log(form.smallest) / log(x)`` multiplications to find out.
    form : Format
        Of every intermediate product.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> last_distinct_product(0.5, BINARY32), last_distinct_product(0.0, BINARY32)
    (149, 0)
    """
    known = _products(x, form)
    while not _stands_still(known, x, form):
        known.append(form.round(known[-1] * x))
    return len(known) - 1


def _stands_still(known: "array[float]", x: float, form: "Format") -> bool:
    """Tell whether another factor leaves the last product as it is; then every further one does."""
    return form.round(known[-1] * x) == known[-1]


@lru_cache(maxsize=64)
def _products(x: float, form: "Format") -> "array[float]":
    return array("d", [x])
