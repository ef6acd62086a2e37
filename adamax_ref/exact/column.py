"""Many intervals at once: what :class:`~adamax_ref.exact.interval.Interval` is for one number, for a column of them.

Ends are Python's integers in NumPy arrays of objects. Every operation gives, element by element, the ends that
``Interval`` gives; NumPy merely walks over them, which takes a tenth of the time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np

from .interval import BITS, Interval

Integers = np.ndarray[Any, np.dtype[Any]]
Doubles = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_length = np.frompyfunc(int.bit_length, 1, 1)


def lengths(n: Integers) -> Integers:
    """Return the number of bits of each of an array of Python's integers."""
    return np.asarray(_length(n), dtype=np.int64)


@final
class Column:
    """A column of intervals ``[lo, hi] * 2**exponent``; one of a single entry goes with every other.

    Attributes
    ----------
    lo, hi : array of int
        Of Python's integers.
    exponent : array of int64
        One for each interval.
    bits : int
        Ends longer than this are cut outwards.

    Examples
    --------
    >>> both = Column.of(np.array([1.0, -2.0])) * Column.of(np.array([0.75]))
    >>> both[0].ends, both[1].ends
    ((Fraction(3, 4), Fraction(3, 4)), (Fraction(-3, 2), Fraction(-3, 2)))
    """

    __slots__ = ("bits", "exponent", "hi", "lo")

    def __init__(self, lo: Integers, hi: Integers, exponent: Integers, bits: int = BITS) -> None:
        excess = np.maximum(np.maximum(lengths(lo), lengths(hi)) - bits, 0)
        if np.count_nonzero(excess):
            shift = excess.astype(object)
            lo, hi, exponent = lo >> shift, -(-hi >> shift), exponent + excess
        self.lo, self.hi, self.exponent, self.bits = lo, hi, exponent, bits

    @classmethod
    def _uncut(cls, lo: Integers, hi: Integers, exponent: Integers, bits: int) -> "Column":
        """Return a column of ends that are known to be short enough."""
        made = cls.__new__(cls)
        made.lo, made.hi, made.exponent, made.bits = lo, hi, exponent, bits
        return made

    @classmethod
    def of(cls, numbers: Doubles, bits: int = BITS) -> "Column":
        """Return the points that are given by finite doubles, zeros at their ends cut off; `bits` is at least 53."""
        mantissa, exponent = np.frexp(numbers)
        n = np.ldexp(mantissa, 53).astype(np.int64)
        zeros = np.frexp((n & -n).astype(np.float64))[1] - 1
        zeros = np.where(n == 0, 0, zeros)
        ends = (n >> zeros).astype(object)
        return cls._uncut(ends, ends, np.where(n == 0, 0, exponent.astype(np.int64) - 53 + zeros), bits)

    @classmethod
    def join(cls, intervals: list[Interval], bits: int = BITS) -> "Column":
        """Return the column of some intervals."""
        lo, hi = (np.array([getattr(x, end) for x in intervals] + [0], dtype=object)[:-1] for end in ("lo", "hi"))
        return cls(lo, hi, np.array([x.exponent for x in intervals], dtype=np.int64), bits)

    @classmethod
    def stacked(cls, columns: "Sequence[Column]") -> "Column":
        """Return the entries of columns of the same precision, one column after the other."""
        lo, hi, exponent = (np.concatenate([getattr(x, part) for x in columns]) for part in ("lo", "hi", "exponent"))
        return cls._uncut(lo, hi, exponent, columns[0].bits)

    def singles(self) -> "list[Column]":
        """Return columns of one entry each."""
        parts = ((self.lo[at], self.hi[at], self.exponent[at]) for at in (slice(at, at + 1) for at in range(len(self))))
        return [self._uncut(*part, self.bits) for part in parts]

    def __len__(self) -> int:
        return len(self.lo)

    def __getitem__(self, at: int) -> Interval:
        return Interval(self.lo[at], self.hi[at], int(self.exponent[at]), self.bits)

    @property
    def is_zero(self) -> Flags:
        """Where the number is exactly 0."""
        return np.asarray((self.lo == 0) & (self.hi == 0), dtype=bool)

    @property
    def is_point(self) -> Flags:
        """Where the number is known exactly."""
        return np.asarray(self.lo == self.hi, dtype=bool)

    def stretched(self, size: int) -> "Column":
        """Return that many entries, if there is only one; itself if there are."""
        if len(self) == size:
            return self
        lo, hi, exponent = (np.broadcast_to(part, size) for part in (self.lo, self.hi, self.exponent))
        return self._uncut(lo, hi, exponent, self.bits)

    def replaced(self, entries: Mapping[int, Interval]) -> "Column":
        """Return a copy with some entries replaced, named by number."""
        lo, hi, exponent = (np.array(part) for part in (self.lo, self.hi, self.exponent))
        for at, x in entries.items():
            lo[at], hi[at], exponent[at] = x.lo, x.hi, x.exponent
        return self._uncut(lo, hi, exponent, self.bits)

    def _aligned(self, other: "Column", mine: Any, theirs: Any) -> tuple[Integers, Integers, Integers, Integers, Integers]:
        """Return all ends as multiples of a common power of two, and its exponent."""
        low = np.minimum(mine, theirs)
        up, over = (mine - low).astype(object), (theirs - low).astype(object)
        return self.lo << up, self.hi << up, other.lo << over, other.hi << over, low

    def __add__(self, b: "Column") -> "Column":
        # A zero takes over the exponent of the other operand, which then stays what it is.
        nothing = self.is_zero
        mine = np.where(nothing, b.exponent, self.exponent)
        theirs = np.where(b.is_zero & ~nothing, self.exponent, b.exponent)
        p, q, r, s, low = self._aligned(b, mine, theirs)
        return Column(p + r, q + s, low, self.bits)

    def __neg__(self) -> "Column":
        return self._uncut(-self.hi, -self.lo, self.exponent, self.bits)

    def __sub__(self, b: "Column") -> "Column":
        return self + -b

    def __mul__(self, b: "Column") -> "Column":
        a = self
        if not (b.lo >= 0).all():
            a, b = b, a
        if (b.lo >= 0).all():
            lo, hi = a.lo * np.where(a.lo >= 0, b.lo, b.hi), a.hi * np.where(a.hi >= 0, b.hi, b.lo)
        else:
            ends = a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi
            lo, hi = np.minimum.reduce(ends), np.maximum.reduce(ends)
        return Column(lo, hi, a.exponent + b.exponent, self.bits)

    def __truediv__(self, b: "Column") -> "Column":
        """Divide by numbers that are certainly positive; others are for the caller to take out first."""
        length = np.maximum(lengths(self.lo), lengths(self.hi))
        shift = np.maximum(self.bits + lengths(b.hi) - length, 0) + 2
        far = shift.astype(object)
        lo = (self.lo << far) // np.where(self.lo >= 0, b.hi, b.lo)
        hi = -(-(self.hi << far) // np.where(self.hi >= 0, b.lo, b.hi))
        return Column(lo, hi, self.exponent - b.exponent - shift, self.bits)

    def __abs__(self) -> "Column":
        above, below = self.lo >= 0, self.hi <= 0
        lo = np.where(above, self.lo, np.where(below, -self.hi, 0))
        hi = np.where(above, self.hi, np.where(below, -self.lo, np.maximum(-self.lo, self.hi)))
        return self._uncut(lo, hi, self.exponent, self.bits)

    def __fma__(self, a: "Column", b: "Column", c: "Column") -> "Column":
        return a * b + c

    def __maximum__(self, a: "Column", b: "Column") -> "Column":
        p, q, r, s, low = a._aligned(b, a.exponent, b.exponent)
        first, second = p >= s, r >= q
        lo = _chosen(first, a.lo, second, b.lo, lambda: np.maximum(p, r))
        hi = _chosen(first, a.hi, second, b.hi, lambda: np.maximum(q, s))
        return Column(lo, hi, _chosen(first, a.exponent, second, b.exponent, lambda: low), self.bits)

    __greater__ = __maximum__


def _chosen(first: Any, a: Any, second: Any, b: Any, neither: Callable[[], Any]) -> Any:
    """Return `a` where it is the larger one, `b` where that is, and something else where the two overlap."""
    certain = np.where(first, a, b)
    return certain if (first | second).all() else np.where(first | second, certain, neither())
