"""Intervals with integer ends: arithmetic that encloses the exact result, fast enough for long trajectories.

An :class:`Interval` is ``[lo, hi] * 2**exponent``. Every operation is done exactly on the ends; only when an end has
grown longer than ``bits`` bits it is cut, the lower end downwards and the upper one upwards. So a number that needs few bits
stays a point, and a result is known to be exactly representable, or exactly half-way, whenever it is.
"""

import math
from fractions import Fraction
from typing import Any, Protocol, final

BITS = 256
"""Length of the ends, unless more is asked for: 53 bits to round to, the rest for the errors of a trajectory."""


class Ratio(Protocol):
    """A number that is a quotient of integers: a float, an integer, a fraction."""

    def as_integer_ratio(self) -> tuple[int, int]:
        """Return numerator and denominator, which is positive."""


@final
class Interval:
    """A number that is known to lie between two others.

    Attributes
    ----------
    lo, hi, exponent : int
        The number lies in ``[lo * 2**exponent, hi * 2**exponent]``.
    bits : int
        Ends longer than this are cut outwards.

    Raises
    ------
    ZeroDivisionError
        On division by an interval that contains 0.

    Examples
    --------
    >>> third = Interval.of(1.0) / 3
    >>> third.is_point, (third + 0.5 - third).is_point, (Interval.of(0.75) + 0.25).is_point
    (False, False, True)
    """

    __slots__ = ("bits", "exponent", "hi", "lo")

    def __init__(self, lo: int, hi: int, exponent: int, bits: int = BITS) -> None:
        if lo.bit_length() > bits or hi.bit_length() > bits:
            excess = max(lo.bit_length(), hi.bit_length()) - bits
            lo, hi, exponent = lo >> excess, -(-hi >> excess), exponent + excess
        self.lo, self.hi, self.exponent, self.bits = lo, hi, exponent, bits

    @classmethod
    def of(cls, x: Ratio, bits: int = BITS) -> "Interval":
        """Return the interval that encloses a float, an integer or a fraction; a point where it fits."""
        n, d = x.as_integer_ratio()
        if d & (d - 1):
            return Interval(n, n, 0, bits) / Interval(d, d, 0, bits)
        if not n:
            return Interval(0, 0, 0, bits)
        zeros = (n & -n).bit_length() - 1
        return Interval(n >> zeros, n >> zeros, zeros + 1 - d.bit_length(), bits)

    @property
    def is_point(self) -> bool:
        """Whether the number is known exactly."""
        return self.lo == self.hi

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """Lower and upper end as exact numbers."""
        scale = Fraction(2) ** self.exponent
        return self.lo * scale, self.hi * scale

    def _other(self, x: Any) -> "Interval":
        return x if isinstance(x, Interval) else Interval.of(x, self.bits)

    def __add__(self, other: Any) -> "Interval":
        b = other if isinstance(other, Interval) else self._other(other)
        if not (self.lo or self.hi):
            return b
        if not (b.lo or b.hi):
            return self
        shift = self.exponent - b.exponent
        if shift >= 0:
            return Interval((self.lo << shift) + b.lo, (self.hi << shift) + b.hi, b.exponent, self.bits)
        return Interval(self.lo + (b.lo << -shift), self.hi + (b.hi << -shift), self.exponent, self.bits)

    __radd__ = __add__

    def __neg__(self) -> "Interval":
        return Interval(-self.hi, -self.lo, self.exponent, self.bits)

    def __sub__(self, other: Any) -> "Interval":
        return self + -self._other(other)

    def __rsub__(self, other: Any) -> "Interval":
        return self._other(other) + -self

    def __mul__(self, other: Any) -> "Interval":
        b = other if isinstance(other, Interval) else self._other(other)
        exponent = self.exponent + b.exponent
        if self.lo == self.hi and b.lo == b.hi:
            n = self.lo * b.lo
            return Interval(n, n, exponent, self.bits)
        if self.lo >= 0 and b.lo >= 0:
            return Interval(self.lo * b.lo, self.hi * b.hi, exponent, self.bits)
        ends = (self.lo * b.lo, self.lo * b.hi, self.hi * b.lo, self.hi * b.hi)
        return Interval(min(ends), max(ends), exponent, self.bits)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Interval":
        b = self._other(other)
        if b.lo <= 0 <= b.hi:
            raise ZeroDivisionError("division by an interval that contains 0")
        shift = max(self.bits + b.hi.bit_length() - max(self.lo.bit_length(), self.hi.bit_length()), 0) + 2
        ends = [(n << shift, d) for n in {self.lo, self.hi} for d in {b.lo, b.hi}]
        low, high = min(n // d for n, d in ends), max(-(-n // d) for n, d in ends)
        return Interval(low, high, self.exponent - b.exponent - shift, self.bits)

    def __rtruediv__(self, other: Any) -> "Interval":
        return self._other(other) / self

    def __pow__(self, exponent: int) -> "Interval":
        result = Interval(1, 1, 0, self.bits)
        for bit in bin(exponent)[2:]:
            result = result * result
            if bit == "1":
                result = result * self
        return result

    def __abs__(self) -> "Interval":
        if self.lo >= 0:
            return self
        return -self if self.hi <= 0 else Interval(0, max(-self.lo, self.hi), self.exponent, self.bits)

    def __fma__(self, a: Any, b: Any, c: Any) -> "Interval":
        return self._other(a) * self._other(b) + self._other(c)

    def __maximum__(self, a: Any, b: Any) -> "Interval":
        x, y = self._other(a), self._other(b)
        low = min(x.exponent, y.exponent)
        (p, q), (r, s) = ((end.lo << (end.exponent - low), end.hi << (end.exponent - low)) for end in (x, y))
        if p >= s or r >= q:
            return x if p >= s else y
        return Interval(max(p, r), max(q, s), low, self.bits)

    __greater__ = __maximum__

    def __float__(self) -> float:
        """Return a double near the number: the lower end, rounded to nearest, infinite beyond the largest."""
        excess = max(self.lo.bit_length() - 1000, 0)
        try:
            return math.ldexp(self.lo >> excess, self.exponent + excess)
        except OverflowError:
            return math.copysign(math.inf, self.lo)

    def __repr__(self) -> str:
        return f"Interval({self.lo}, {self.hi}, {self.exponent})"
