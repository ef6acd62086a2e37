"""Powers that do not depend on a C library.

The only function in Adamax that a processor does not round correctly is ``beta1**t``, which comes from the platform's
``pow``. :class:`ExactPower` is a float whose powers are correctly rounded, so that the constants of a step are the
same everywhere.
"""

from dataclasses import replace
from functools import lru_cache
from typing import SupportsIndex, final

from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, Format

from .rounding import round_dyadic

_START_BITS = 256


def power(x: float, t: int, fmt: Format = BINARY64) -> float:
    """Return the number of format `fmt` nearest to ``x**t``.

    Parameters
    ----------
    x : float
        A finite number.
    t : int
        At least 0.
    fmt : Format
        Of the result; there is only one rounding, from the exact power to this format.

    Raises
    ------
    ValueError
        When `t` is negative.

    Examples
    --------
    >>> power(0.9, 3), power(0.5, 2000)
    (0.7290000000000001, 0.0)
    """
    if t < 0:
        raise ValueError(f"t must be at least 0, not {t}: a step number counts from 1")
    n, d = x.as_integer_ratio()
    exponent = 1 - d.bit_length()
    size = abs(n)
    bits = _START_BITS
    while True:
        low, high, shift = _enclosed(size, t, bits)
        below, above = (round_dyadic(end, exponent * t + shift, fmt) for end in (low, high))
        if below == above:
            return -below if n < 0 and t % 2 else below
        bits *= 2


def _enclosed(n: int, t: int, bits: int) -> tuple[int, int, int]:
    """Return integers with ``low * 2**shift <= n**t <= high * 2**shift`` of about `bits` bits, by repeated squaring."""
    low = high = 1
    shift = 0
    for bit in bin(t)[2:]:
        low, high, shift = low * low, high * high, 2 * shift
        if bit == "1":
            low, high = low * n, high * n
        excess = high.bit_length() - bits
        if excess > 0:
            low, high, shift = low >> excess, -(-high >> excess), shift + excess
    return low, high, shift


@final
class ExactPower(float):
    """A float whose integer powers are correctly rounded; in every other respect a float.

    Examples
    --------
    >>> ExactPower(0.9) ** 3 == power(0.9, 3)
    True
    """

    __slots__ = ()

    def __pow__(self, exponent: SupportsIndex, modulo: None = None) -> float:  # type: ignore[override]
        return power(float(self), exponent.__index__())

    def power_in(self, exponent: int, fmt: Format) -> float:
        """Return the number of format `fmt` nearest to the power."""
        return power(float(self), exponent, fmt)


@lru_cache(maxsize=256)
def exact_hyper(h: Hyperparameters) -> Hyperparameters:
    """Return equal hyperparameters, of which a dialect forms constants that are the same on every platform.

    Examples
    --------
    >>> exact_hyper(Hyperparameters()) == Hyperparameters()
    True
    """
    betas = replace(h, beta1=ExactPower(h.beta1), beta2=ExactPower(h.beta2))
    return replace(betas, lr=ExactPower(h.lr), eps=ExactPower(h.eps), weight_decay=ExactPower(h.weight_decay))
