"""The numbers of designs: a small language for dyadic numbers, and a generator of random ones.

:func:`parse` reads exact numbers relative to a format. A number is a sum of terms, a term a product and quotient of
factors, left to right: whole numbers, powers like ``2^-30``, and landmarks of the storage format: ``max`` (largest
finite), ``norm`` (least normal), ``tiny`` (least subnormal), ``ulp`` (distance from 1 to the next number), each term
perhaps after a minus sign. ``inf`` and ``nan`` stand alone.

:func:`draws` gives the same 64-bit integers on every platform: the key is the FNV-1a hash of a case's id (Fowler, Noll,
Vo), and draw number i is SplitMix64's mixing function of the key plus i+1 steps of the golden ratio (Steele, Lea, Flood
2014). :class:`Draw` makes dyadic numbers of them. Neither depends on libm or on decimal conversion.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from adamax_ref.recipe.profile import Format


def parse(text: str, form: Format) -> tuple[float, ...]:
    """Read numbers separated by blanks; each must be a number of the format.

    Raises
    ------
    ValueError
        When a factor is unknown, or the format does not hold the number exactly.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY16
    >>> parse("1 -3/8 5*2^-7 -0 max inf", BINARY16)
    (1.0, -0.375, 0.0390625, -0.0, 65504.0, inf)
    >>> parse("4097", BINARY16)
    Traceback (most recent call last):
    ...
    ValueError: binary16 does not hold '4097'
    """
    return tuple(_number(token, form) for token in text.split())


def storable(value: Fraction, form: Format) -> float:
    """Return the float of an exact number that the format holds; ValueError if it does not."""
    number = float(value)
    if Fraction(number) != value or form.round(number) != number:
        raise ValueError(f"{form.name} does not hold {value}")
    return number


def _number(token: str, form: Format) -> float:
    sign = -1.0 if token.startswith("-") else 1.0
    if token in ("inf", "-inf", "nan", "-nan"):
        return float(token)
    exact = sum((_term(term, form) for term in token.split("+")), Fraction(0))
    if exact == 0:
        return math.copysign(0.0, sign)
    try:
        return storable(exact, form)
    except (ValueError, OverflowError):
        raise ValueError(f"{form.name} does not hold {token!r}") from None


def _term(text: str, form: Format) -> Fraction:
    size = _product(text.removeprefix("-"), form)
    return -size if text.startswith("-") else size


def _product(body: str, form: Format) -> Fraction:
    value = Fraction(1)
    for part in body.replace("/", "*/").split("*"):
        factor = _factor(part.removeprefix("/"), form)
        value = value / factor if part.startswith("/") else value * factor
    return value


def _factor(text: str, form: Format) -> Fraction:
    landmarks = {"max": form.largest, "norm": form.smallest_normal, "tiny": form.smallest, "ulp": 2.0 ** (1 - form.precision)}
    if text in landmarks:
        return Fraction(landmarks[text])
    base, _, exponent = text.partition("^")
    try:
        return Fraction(int(base)) ** int(exponent or "1")
    except ValueError:
        raise ValueError(f"unknown number {text!r}; write whole numbers, 2^k, max, norm, tiny, ulp, inf or nan") from None


_MASK = (1 << 64) - 1


def key_of(name: str) -> int:
    """Return the generator's key for a name.

    Examples
    --------
    >>> hex(key_of("torch/f32/u-decay/shrink-two"))
    '0x2d4cf0c097da28b9'
    """
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 & _MASK
    return key


def mix(z: int) -> int:
    """Scramble 64 bits.

    Examples
    --------
    >>> hex(mix(key_of("torch/f32/u-decay/shrink-two") + 0x9E3779B97F4A7C15))
    '0x9ed369dd9c1f82d8'
    """
    z &= _MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return z ^ z >> 31


def draws(name: str) -> Iterator[int]:
    """Yield the draws of a name, without end.

    Examples
    --------
    >>> stream = draws("torch/f32/u-decay/shrink-two")
    >>> [hex(next(stream)) for _ in range(2)]
    ['0x9ed369dd9c1f82d8', '0x4a3cc18cb0950c06']
    """
    key, step = key_of(name), 0
    while True:
        step += 0x9E3779B97F4A7C15
        yield mix(key + step)


@final
@dataclass(frozen=True)
class Draw:
    """Dyadic numbers of either sign, never zero.

    Attributes
    ----------
    bits : int
        Significant bits of each number.
    top, span : int
        The exponents are ``top, top-1, ..., top-span+1``.
    distinct : bool
        Whether a number that was drawn before is drawn again.
    """

    bits: int = 6
    top: int = 0
    span: int = 3
    distinct: bool = False

    def number(self, draw: int) -> Fraction:
        """Make a number from one draw.

        Examples
        --------
        >>> Draw(bits=8, top=0, span=4).number(0x9ED369DD9C1F82D8)
        Fraction(-27, 32)
        """
        half = 1 << (self.bits - 1)
        exponent = self.top - (draw >> 40) % self.span
        size = Fraction(half + draw % half) * Fraction(2) ** (exponent - self.bits + 1)
        return -size if draw >> 63 else size

    def take(self, count: int, stream: Iterator[int]) -> list[Fraction]:
        """Make `count` numbers from a stream of draws."""
        taken: dict[Fraction, None] = {}
        repeated: list[Fraction] = []
        while len(taken if self.distinct else repeated) < count:
            number = self.number(next(stream))
            taken[number] = None
            repeated.append(number)
        return list(taken) if self.distinct else repeated
