"""The small language in which designs write their numbers: dyadic, exact, and relative to the profile where needed.

A number is a sum of terms, a term a product and quotient of factors, left to right: whole numbers, powers like
``2^-30``, and the landmarks of the profile's storage format: ``max`` (largest finite), ``norm`` (least normal),
``tiny`` (least subnormal), ``ulp`` (distance from 1 to the next number), each term perhaps after a minus sign.
``inf`` and ``nan`` stand alone.
"""

import math
from fractions import Fraction

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
