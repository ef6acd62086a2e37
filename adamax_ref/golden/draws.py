"""Inputs that are the same on every platform: a counter generator and dyadic numbers drawn from it.

The key is the 64-bit FNV-1a hash of a case's id, and draw number i is SplitMix64's mixing function of the key plus
i+1 steps of the golden ratio. Nothing depends on a platform's random generator, on libm or on decimal conversion.

Sources: Fowler, Noll, Vo (FNV-1a); Steele, Lea, Flood 2014 (SplitMix64).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import final

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
