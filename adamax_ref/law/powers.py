"""Powers the way machines form them: by the C library in a working type, and as a running product.

``beta1**t`` is the one number of a step that IEEE 754 does not determine, so a dialect says how its framework gets it.
"""

import ctypes
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
    >>> from adamax_ref.law.profile import BINARY64
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
    >>> from adamax_ref.law.profile import BINARY32
    >>> running_product(0.5, 3, BINARY32)
    0.125
    """
    known = _products(x, form)
    while len(known) < count:
        known.append(form.round(known[-1] * x))
    return known[count - 1]


@lru_cache(maxsize=64)
def _products(x: float, form: "Format") -> list[float]:
    return [x]
