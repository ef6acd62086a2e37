"""Comparison of numbers by bits and by distance in units in the last place, with a report of the first mismatch.

Two numbers are equal when their bits are: +0 is not -0, and any NaN equals any NaN, because some processors do not
preserve payloads. Distances are counted in units in the last place, across zero and up to infinity. The functions take
what :func:`numpy.asarray` takes, complex numbers as pairs and bfloat16 of ``ml_dtypes`` included.
"""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, BINARY64, PROFILES, Format

from .interval import Doubles
from .rounding import ordinal

_FORMAT_OF = {
    "float64": BINARY64,
    "float32": BINARY32,
    "float16": BINARY16,
    "bfloat16": BFLOAT16,
    "complex64": BINARY32,
    "complex128": BINARY64,
}


@final
@dataclass(frozen=True)
class Enclosure:
    """Ranges of right answers: one entry an element, in row-major order, a complex element as two.

    Attributes
    ----------
    true : list of float
        The exact value, rounded once to the storage format.
    lo, hi : list of float
        Least and greatest storable number inside the bound.
    bound : list of float
        How far from the exact value an answer may be, rounded up.
    """

    true: list[float]
    lo: list[float]
    hi: list[float]
    bound: list[float]


@final
@dataclass(frozen=True)
class Difference:
    """The first number that is not what it should be.

    Attributes
    ----------
    what : str
        Name of the quantity.
    where : tuple of int
        Index of the element; for a complex one the last entry is 0 for the real and 1 for the imaginary part.
    got, wanted : float
        The two numbers.
    fmt : Format
        Their format.
    count, size : int
        How many elements differ, of how many.
    lo, hi, bound : float or None
        What was allowed, where there was a bound.
    """

    what: str
    where: tuple[int, ...]
    got: float
    wanted: float
    fmt: Format
    count: int = 1
    size: int = 1
    lo: float | None = None
    hi: float | None = None
    bound: float | None = None

    @property
    def ulps(self) -> float:
        """Distance in units in the last place; infinite where only one of the two is NaN."""
        return ulp_distance(self.got, self.wanted, self.fmt)

    @property
    def bounds(self) -> float | None:
        """Distance in units of the bound; None without a bound, infinite where the bound is 0."""
        if self.bound is None:
            return None
        away = abs(self.got - self.wanted)
        return away / self.bound if self.bound else math.inf

    def __str__(self) -> str:
        """Place of a difference, the value, the wanted and the allowed value, and the distance."""
        shown = {word: f"{pattern}  {number}" for word, pattern, number in self._rows}
        lines = [self._heading, f"  got     {shown['got']}", f"  wanted  {shown['wanted']}"]
        if "allowed from" in shown:
            lines.append(f"  allowed {shown['allowed from']} to {shown['to']}")
        return "\n".join([*lines, f"  off by  {self._off}"])

    def _repr_html_(self) -> str:
        """Return the same as a table, for a notebook."""
        from adamax_ref.markup import piece

        return piece("difference.html", what=self._heading, rows=self._rows, off=self._off)

    @property
    def _heading(self) -> str:
        place = f"[{', '.join(map(str, self.where))}]" if self.where else ""
        return f"{self.what}{place}: {self.count} of {self.size} differ, this one first"

    @property
    def _rows(self) -> list[tuple[str, str, str]]:
        given = (("got", self.got), ("wanted", self.wanted), ("allowed from", self.lo), ("to", self.hi))
        return [(word, f"{self.fmt.encode(x):0{self.fmt.width // 4}x}", repr(x)) for word, x in given if x is not None]

    @property
    def _off(self) -> str:
        off = "a NaN on one side only" if math.isinf(self.ulps) else f"{self.ulps:.0f} ulp of {self.fmt.name}"
        return off + ("" if self.bounds is None else f", {self.bounds:.3g} times the bound of {self.bound:.3g}")


def ulp_distance(a: float, b: float, fmt: Format) -> float:
    """Return how many numbers of a format lie between two of them, counted so that neighbours are 1 apart.

    Both zeros count as the same number and infinity is the neighbour of the largest finite one. Two NaN are 0 apart,
    a NaN and a number infinitely far.

    Examples
    --------
    >>> ulp_distance(1.0, 1.0 + 2**-23, BINARY32), ulp_distance(-5e-324, 5e-324, BINARY64)
    (1, 2)
    """
    if a != a or b != b:
        return 0 if a != a and b != b else math.inf
    return abs(ordinal(a, fmt) - ordinal(b, fmt))


def first_difference(got: object, want: object, profile: str | None = None, what: str = "value") -> Difference | None:
    """Return the first element that differs in a bit, or None.

    Parameters
    ----------
    got, want : array_like
        Of the same shape.
    profile : str, optional
        In which format the numbers are; without it `want` must be an array whose dtype says so.
    what : str
        Name of the quantity for the message.

    Raises
    ------
    ValueError
        When the shapes differ or the format cannot be told.

    Examples
    --------
    >>> print(first_difference([1.0, 2.0], [1.0, 2.5], "f32", "m"))
    m[1]: 1 of 2 differ, this one first
      got     40000000  2.0
      wanted  40200000  2.5
      off by  2097152 ulp of binary32
    """
    fmt = _format_of(want, profile)
    actual, wanted = _doubles(got), _doubles(want)
    _same_shape(actual, wanted, what)
    return _difference(~_equal(actual, wanted), actual, wanted, fmt, what)


def assert_bitwise_equal(got: object, want: object, what: str = "value") -> None:
    """Fail unless two arrays have the same dtype, shape and bits; see the head of this file for NaN and zeros.

    Raises
    ------
    AssertionError
        With the first :class:`Difference` as its message.

    Examples
    --------
    >>> assert_bitwise_equal(np.float32([1, np.nan]), np.float32([1, np.nan]))
    """
    mine, theirs = np.asarray(got).dtype.name, np.asarray(want).dtype.name
    if mine != theirs:
        raise AssertionError(f"{what}: dtype {mine}, wanted {theirs}")
    difference = first_difference(got, want, what=what)
    if difference is not None:
        raise AssertionError(str(difference))


def assert_within_bound(got: object, allowed: Enclosure, what: str = "value", profile: str | None = None) -> None:
    """Fail unless every element lies between ``allowed.lo`` and ``allowed.hi``; NaN must meet NaN, zeros are equal.

    Parameters
    ----------
    got : array_like
        As many elements as `allowed` has entries.
    allowed : Enclosure
        From :func:`adamax_ref.exact.certify.certify`.
    what, profile : str
        As in :func:`first_difference`; `got` must have a dtype that tells its format, or `profile` is given.

    Raises
    ------
    AssertionError
        With a :class:`Difference` as its message.

    Examples
    --------
    >>> assert_within_bound(np.float32([1.0]), Enclosure([1.0], [1.0], [1.0], [0.0]))
    """
    fmt = _format_of(got, profile)
    actual, true, lo, hi = _doubles(got), _doubles(allowed.true), _doubles(allowed.lo), _doubles(allowed.hi)
    _same_shape(actual.ravel(), true, what)
    wrong = ~(((lo <= actual.ravel()) & (actual.ravel() <= hi)) | (np.isnan(actual.ravel()) & np.isnan(true)))
    difference = _difference(wrong.reshape(actual.shape), actual, true.reshape(actual.shape), fmt, what, allowed)
    if difference is not None:
        raise AssertionError(str(difference))


def _format_of(array: Any, profile: str | None) -> Format:
    if profile is not None:
        return PROFILES[profile].storage
    name = np.asarray(array).dtype.name
    if name not in _FORMAT_OF:
        raise ValueError(f"cannot compare {name}: pass an array of {', '.join(_FORMAT_OF)}, or name a profile")
    return _FORMAT_OF[name]


def _doubles(array: object) -> Doubles:
    """Return the numbers as doubles, which hold every format exactly; complex numbers get one more axis."""
    values = np.asarray(array)
    if values.dtype.kind == "c":
        values = np.stack([values.real, values.imag], axis=-1)
    return values.astype(np.float64)


def _same_shape(actual: Doubles, wanted: Doubles, what: str) -> None:
    if actual.shape != wanted.shape:
        raise ValueError(f"{what}: shape {actual.shape}, wanted {wanted.shape}")


def _equal(actual: Doubles, wanted: Doubles) -> np.ndarray[Any, np.dtype[np.bool_]]:
    bits = actual.view(np.int64) == wanted.view(np.int64)
    return np.asarray(bits | (np.isnan(actual) & np.isnan(wanted)))


def _difference(
    wrong: Any, actual: Doubles, wanted: Doubles, fmt: Format, what: str, allowed: Enclosure | None = None
) -> Difference | None:
    if not wrong.any():
        return None
    flat = int(np.argmax(wrong))
    where = tuple(int(index) for index in np.unravel_index(flat, wrong.shape))
    limits = {} if allowed is None else {name: float(getattr(allowed, name)[flat]) for name in ("lo", "hi", "bound")}
    numbers = float(actual.flat[flat]), float(wanted.flat[flat])
    return Difference(what, where, *numbers, fmt, int(wrong.sum()), wrong.size, **limits)
