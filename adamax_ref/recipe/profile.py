"""Number formats, the rounding of a double to one of them, and the profiles made of them.

A *profile* says in which format parameters and state are stored and in which the arithmetic is done. Rounding is
to nearest, ties to even, with gradual underflow and overflow to infinity (IEEE 754-2019, section 4.3.1).
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, SupportsFloat, TypeVar, final

from .ahead import Later
from .powers import platform_power, running_product

Kept = TypeVar("Kept")
Place = Literal["body", "tail", "pair"]


@final
@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Attributes
    ----------
    name : str
        ``"binary64"``, ``"binary32"``, ``"binary16"`` or ``"bfloat16"``.
    width, precision, emin, emax : int
        Bits in memory; significant bits; exponents of the smallest and the largest normal number.
    """

    name: str
    width: int
    precision: int
    emin: int
    emax: int

    @cached_property
    def largest(self) -> float:
        """The largest finite number."""
        return math.ldexp(2.0 - 2.0 ** (1 - self.precision), self.emax)

    @cached_property
    def smallest_normal(self) -> float:
        """The smallest positive normal number."""
        return math.ldexp(1.0, self.emin)

    @cached_property
    def smallest(self) -> float:
        """The smallest positive (subnormal) number."""
        if self.width == 64:  # from its bits: arithmetic gives 0 where the process flushes, and that would be cached
            return self.decode(1)
        return math.ldexp(1.0, self.emin - self.precision + 1)

    def round(self, x: float) -> float:
        """Round a double to this format, once.

        Examples
        --------
        >>> BINARY32.round(0.1)
        0.10000000149011612
        >>> BINARY16.round(1e-8), BINARY32.round(-1.7e308)
        (0.0, -inf)
        """
        if self.precision == 24 and 1e-37 < abs(x) < 3e38:  # the machine's own conversion, away from the ends of the range
            single: float = _SINGLE.unpack(_SINGLE.pack(x))[0]
            return single
        if self.precision == 53 or x == 0 or not math.isfinite(x):
            return x
        if abs(x) >= math.ldexp(1.0, self.emax + 1):
            return math.copysign(math.inf, x)
        quantum = max(math.frexp(x)[1] - self.precision, self.emin - self.precision + 1)
        rounded = math.ldexp(float(round(math.ldexp(x, -quantum))), quantum)
        return math.copysign(math.inf if abs(rounded) > self.largest else rounded, x)

    def flush(self, x: float) -> float:
        """Turn a subnormal number of this format into a zero of the same sign.

        Examples
        --------
        >>> BINARY32.flush(-1e-40)
        -0.0
        """
        return math.copysign(0.0, x) if abs(x) < self.smallest_normal else x

    def encode(self, x: float) -> int:
        """Return the bit pattern of a number of this format; every NaN becomes the canonical quiet one.

        Examples
        --------
        >>> hex(BINARY32.encode(1.0)), hex(BFLOAT16.encode(math.nan))
        ('0x3f800000', '0x7fc0')
        """
        if x != x:
            return ((1 << (self.width - self.precision + 1)) - 1) << (self.precision - 2)
        if self.name == "bfloat16":
            return BINARY32.encode(x) >> 16
        return int.from_bytes(struct.pack(_CODES[self.width], x), "big")

    def decode(self, pattern: int) -> float:
        """Return the number with that bit pattern.

        Examples
        --------
        >>> BINARY16.decode(0x3C00)
        1.0
        """
        if self.name == "bfloat16":
            return BINARY32.decode(pattern << 16)
        number: float = struct.unpack(_CODES[self.width], pattern.to_bytes(self.width // 8, "big"))[0]
        return number


_CODES = {64: ">d", 32: ">f", 16: ">e"}

_SINGLE = struct.Struct("f")
BINARY64 = Format("binary64", 64, 53, -1022, 1023)
BINARY32 = Format("binary32", 32, 24, -126, 127)
BINARY16 = Format("binary16", 16, 11, -14, 15)
BFLOAT16 = Format("bfloat16", 16, 8, -126, 127)
FORMATS = {form.name: form for form in (BINARY64, BINARY32, BINARY16, BFLOAT16)}


@final
@dataclass(frozen=True)
class Profile:
    """Storage type, working type and whether numbers come in pairs.

    Examples
    --------
    >>> PROFILES["f16"].working.name
    'binary32'
    """

    name: str
    storage: Format
    working: Format
    is_complex: bool = False

    @property
    def real(self) -> "Profile":
        """The profile of the real and imaginary parts."""
        return PROFILES["f32" if self.storage is BINARY32 else "f64"] if self.is_complex else self


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("f64", BINARY64, BINARY64),
        Profile("f32", BINARY32, BINARY32),
        Profile("f16", BINARY16, BINARY32),
        Profile("bf16", BFLOAT16, BINARY32),
        Profile("c64", BINARY32, BINARY32, is_complex=True),
        Profile("c128", BINARY64, BINARY64, is_complex=True),
    )
}


@final
class Rounded:
    """A scalar of a given format: every operation on it rounds once to that format.

    Dialects form their constants on it from the point where their framework enters its working type. An operation
    in double followed by one rounding is the correctly rounded one for ``+ - * /`` in the narrower formats
    (53 >= 2 * 24 + 2; Figueroa 1995).

    Examples
    --------
    >>> float(1 - Rounded(0.9, BINARY32))
    0.10000002384185791
    """

    __slots__ = ("format", "value")

    def __init__(self, value: SupportsFloat, form: Format) -> None:
        self.format = form
        self.value = form.round(value) if type(value) is float else _round_kept(value, form)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"Rounded({self.value!r}, {self.format.name})"

    def _binary(self, other: SupportsFloat, operation: Callable[[float, float], float], swap: bool = False) -> Any:
        if type(other) is Later:
            return NotImplemented
        kept = type(other) is Rounded and other.format is self.format
        mine, theirs = self.value, float(other) if kept else self.format.round(float(other))
        return Rounded(operation(theirs, mine) if swap else operation(mine, theirs), self.format)

    def __add__(self, other: Any) -> Any:
        return self._binary(other, lambda a, b: a + b)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Any:
        return self._binary(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Any:
        return self._binary(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._binary(other, lambda a, b: a - b, swap=True)

    def __truediv__(self, other: Any) -> Any:
        return self._binary(other, ieee_divide)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary(other, ieee_divide, swap=True)

    def __neg__(self) -> "Rounded":
        return Rounded(-self.value, self.format)

    def __pow__(self, exponent: Any) -> Any:
        if type(exponent) is Later:
            return NotImplemented
        if hasattr(self.value, "power_in"):
            return Rounded(self.value.power_in(exponent, self.format), self.format)
        return Rounded(platform_power(self.value, exponent, self.format), self.format)

    def __ge__(self, other: Any) -> bool:
        return self.value >= float(other)


def _round_kept(x: Any, form: Format) -> float:
    """Round to a format; a float that brings its own powers (``power_in(exponent, format)``) stays of its type."""
    number = x.value if type(x) is Rounded else x
    kind: type[float] = type(number) if hasattr(number, "power_in") else float
    return kind(form.round(float(number)))


def ieee_divide(a: float, b: float) -> float:
    """Divide as IEEE 754 does: a zero divisor gives an infinity or NaN instead of an exception.

    Examples
    --------
    >>> ieee_divide(1.0, -0.0)
    -inf
    """
    if b != 0:
        return a / b
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


@final
@dataclass(frozen=True)
class Rounding:
    """Roundings of a dialect's constants, which begin as doubles: ``work``, ``store`` and ``single`` round from there on.

    ``work`` rounds to the working type, ``store`` on to the storage type (the result is again a scalar of the
    working type), ``single`` to binary32 whatever the profile.

    Attributes
    ----------
    working, storage : Format
        Of the recipe that the constants are for.
    place : {"body", "tail", "pair"}
        Which elements the recipe is for: those of the framework's vector loop, those that the loop leaves over, or
        parts of complex numbers. Few frameworks round differently there.
    ``product`` forms a power by multiplying step by step; ``**`` forms it as the C library does.
    """

    working: Format
    storage: Format
    place: Place = "body"

    def work(self, x: SupportsFloat) -> Rounded:
        """Round to the working type."""
        return Rounded(x, self.working)

    def store(self, x: SupportsFloat) -> Rounded:
        """Round to the storage type."""
        if type(x) is Rounded and x.format is self.storage is self.working:
            return x
        return Rounded(_round_kept(x, self.storage), self.working)

    def single(self, x: SupportsFloat) -> Rounded:
        """Round to binary32."""
        return Rounded(x, BINARY32)

    def double(self, x: SupportsFloat) -> Rounded:
        """Go on in binary64, where a host takes a number back from an array."""
        return Rounded(x, BINARY64)

    def product(self, x: Rounded, count: int) -> Rounded:
        """Multiply `count` factors `x`, rounding each product to the format of `x`."""
        return Rounded(running_product(float(x), count, x.format), x.format)


@final
class Unrounded:
    """The same names with every rounding removed, for exact values.

    Examples
    --------
    >>> from fractions import Fraction
    >>> Unrounded().work(Fraction(1, 3))
    Fraction(1, 3)
    """

    place = "body"

    def work(self, x: Kept) -> Kept:
        """Return `x`."""
        return x

    store = single = double = work

    def product(self, x: Any, count: int) -> Any:
        """Return the power."""
        return x**count
