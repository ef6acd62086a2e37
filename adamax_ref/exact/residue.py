"""Telling real functions apart by their value at one random point of a large finite field.

Two recipes often compute the same function in different ways: ``m + w(g - m)`` and ``(1 - w)m + wg``. To see it, both are
evaluated modulo the prime 2**61 - 1 at a random point. Equal functions give equal residues; different rational functions
of degree n give equal ones with a chance below n / 2**60 (Schwartz 1980, Zippel 1979). ``|x|`` and ``max`` are no rational
functions: each counts as a new variable that depends on its operands, on their order or sign it does not.
"""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any, final

PRIME = (1 << 61) - 1


@final
class Residue:
    """A residue class modulo a large prime; computes with itself, integers and floats.

    Examples
    --------
    >>> a, b = point("a"), point("b")
    >>> (a + b) * (a - b) == a * a - b * b, a / b * b == a
    (True, True)
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Residue):
            value = value.value
        elif not isinstance(value, int):
            exact = Fraction(value)
            value = exact.numerator * pow(exact.denominator, -1, PRIME)
        self.value: int = value % PRIME

    def __add__(self, other: Any) -> "Residue":
        return Residue(self.value + Residue(other).value)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Residue":
        return Residue(self.value - Residue(other).value)

    def __rsub__(self, other: Any) -> "Residue":
        return Residue(Residue(other).value - self.value)

    def __mul__(self, other: Any) -> "Residue":
        return Residue(self.value * Residue(other).value)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Residue":
        return Residue(self.value * pow(Residue(other).value, -1, PRIME))

    def __rtruediv__(self, other: Any) -> "Residue":
        return Residue(other) / self

    def __pow__(self, exponent: int) -> "Residue":
        return Residue(pow(self.value, exponent, PRIME))

    def __neg__(self) -> "Residue":
        return Residue(-self.value)

    def __abs__(self) -> "Residue":
        return point(f"abs {min(self.value, PRIME - self.value)}")

    def __fma__(self, a: Any, b: Any, c: Any) -> "Residue":
        return Residue(a) * Residue(b) + Residue(c)

    def __maximum__(self, a: Any, b: Any) -> "Residue":
        return self if Residue(a) == Residue(b) else point(f"max {sorted((Residue(a).value, Residue(b).value))}")

    __greater__ = __maximum__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float | Fraction | Residue) and Residue(other).value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __float__(self) -> float:
        """Return a number that is neither 0 nor infinite, as a generic value is: for dialects that ask."""
        return 0.5

    def __repr__(self) -> str:
        return f"Residue({self.value})"


def point(name: str) -> Residue:
    """Return the random coordinate that belongs to a name; the same one in every run."""
    return Residue(random.Random(f"adamax_ref {name}").randrange(1, PRIME))


TABLE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": lambda a, b, c: a * b + c,
    "neg": lambda a: -a,
    "abs": abs,
    "max": lambda a, b: a.__maximum__(a, b),
    "greater": lambda a, b: a.__maximum__(a, b),
    "round": lambda a: a,
    "flush": lambda a: a,
}
"""Every operation of a recipe without its rounding."""
