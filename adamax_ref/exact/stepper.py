"""The bit oracle: a recipe on one element, every operation done exactly and rounded once.

No floating-point arithmetic takes part: finite operands are turned into rationals, the operation is done there, and
:mod:`adamax_ref.exact.rounding` rounds the result. NaN, infinities and the signs of zeros follow IEEE 754-2019
(sections 6.1 to 6.3). An engine that disagrees with this file in a bit is wrong.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from adamax_ref.recipe.operations import greater, maximum
from adamax_ref.recipe.profile import FORMATS, Format
from adamax_ref.recipe.recipe import Recipe

from .rounding import round_dyadic, round_ratio


def run(recipe: Recipe, p: float, g: float, m: float, u: float, scalars: Sequence[float]) -> tuple[float, float, float]:
    """Do one step of one element.

    Parameters
    ----------
    recipe : Recipe
        From :meth:`adamax_ref.recipe.dialect.Dialect.recipe`.
    p, g, m, u : float
        Parameter, gradient and state, numbers of the storage format.
    scalars : sequence of float
        The step's constants in the order of ``recipe.constants``, numbers of the working format.

    Returns
    -------
    tuple of float
        The new ``p``, ``m`` and ``u``.

    Raises
    ------
    ValueError
        When the number of scalars is wrong, or an operand is not a number of its format.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> recipe = torch.recipe(torch.defaults, "f32")
    >>> run(recipe, 1.0, 1.0, 0.0, 0.0, torch.scalars(torch.defaults, 1, recipe))
    (0.9980000257492065, 0.10000000149011612, 1.0)
    """
    if len(scalars) != len(recipe.constants):
        raise ValueError(f"scalars must hold {len(recipe.constants)} numbers ({', '.join(recipe.constants)}), not {len(scalars)}")
    storage, working = recipe.storage_format, recipe.working_format
    given = [_checked(value, storage, name) for name, value in zip("pgmu", (p, g, m, u), strict=True)]
    given += [_checked(value, working, name) for name, value in zip(recipe.constants, scalars, strict=True)]
    return recipe.evaluate(operations(recipe.working, recipe.storage), dict(zip(recipe.leaves, given, strict=True)))


def _checked(value: float, fmt: Format, name: str) -> float:
    value = float(value)
    if fmt.round(value) != value and value == value:
        raise ValueError(f"{name} must be a number of {fmt.name}, not {value!r}; round it first: {fmt.round(value)!r}")
    return value


@cache
def operations(working: str, storage: str) -> Mapping[str, Callable[..., float]]:
    """Return the table of correctly rounded operations for :meth:`Recipe.evaluate`.

    Parameters
    ----------
    working, storage : str
        Names of the formats to which arithmetic and ``round`` round.

    Examples
    --------
    >>> operations("binary32", "binary16")["fma"](1 + 2**-12, 1 + 2**-12, 2**-60).hex()
    '0x1.0020020000000p+0'
    """
    fmt = FORMATS[working]
    table: dict[str, Callable[..., float]] = {
        "add": lambda a, b: add(a, b, fmt),
        "sub": lambda a, b: add(a, -b, fmt),
        "mul": lambda a, b: multiply(a, b, fmt),
        "div": lambda a, b: divide(a, b, fmt),
        "fma": lambda a, b, c: fused(a, b, c, fmt),
        "neg": lambda a: -a,
        "abs": abs,
        "max": maximum,
        "greater": greater,
        "round": _to(FORMATS[storage]),
        "flush": lambda a: math.copysign(0.0, a) if abs(a) < fmt.smallest_normal else a,
    }
    return MappingProxyType(table)


def _to(fmt: Format) -> Callable[[float], float]:
    def rounded(a: float) -> float:
        return round_ratio(*a.as_integer_ratio(), fmt) if a and math.isfinite(a) else a

    return rounded


def _dyadic(x: float) -> tuple[int, int]:
    """Return integers with ``x = n * 2**exponent``."""
    n, d = x.as_integer_ratio()
    return n, 1 - d.bit_length()


def add(a: float, b: float, fmt: Format) -> float:
    """Return ``a + b`` rounded once; equal numbers of opposite sign give +0, two zeros of one sign keep it."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.nan if a != a or b != b or (math.isinf(a) and a == -b) else (a if math.isinf(a) else b)
    if not (a and b):
        return (a + b) if a == b else a or b
    (n, e), (k, f) = _dyadic(a), _dyadic(b)
    low = min(e, f)
    return round_dyadic((n << (e - low)) + (k << (f - low)), low, fmt)


def multiply(a: float, b: float, fmt: Format) -> float:
    """Return ``a * b`` rounded once; zero times infinity is NaN, the sign is the product of the signs."""
    sign = math.copysign(1.0, a) * math.copysign(1.0, b)
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.nan if a != a or b != b or not a or not b else math.copysign(math.inf, sign)
    (n, e), (k, f) = _dyadic(a), _dyadic(b)
    return math.copysign(round_dyadic(n * k, e + f, fmt), sign)


def divide(a: float, b: float, fmt: Format) -> float:
    """Return ``a / b`` rounded once; 0/0 and inf/inf are NaN, another number over zero is infinite."""
    sign = math.copysign(1.0, a) * math.copysign(1.0, b)
    if a != a or b != b or (math.isinf(a) and math.isinf(b)) or not (a or b):
        return math.nan
    if math.isinf(a) or not b:
        return math.copysign(math.inf, sign)
    if math.isinf(b) or not a:
        return math.copysign(0.0, sign)
    exact = abs(Fraction(a) / Fraction(b))
    return math.copysign(round_ratio(exact.numerator, exact.denominator, fmt), sign)


def fused(a: float, b: float, c: float, fmt: Format) -> float:
    """Return ``a * b + c`` rounded once; zero times infinity is NaN whatever `c` is."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return add(multiply(a, b, fmt), c, fmt)
    if not math.isfinite(c):
        return c
    (n, e), (k, f) = _dyadic(a), _dyadic(b)
    product, place = n * k, e + f
    if not product:
        return add(math.copysign(0.0, a) * math.copysign(1.0, b), c, fmt)
    if not c:
        return multiply(a, b, fmt)
    addend, other = _dyadic(c)
    low = min(place, other)
    return round_dyadic((product << (place - low)) + (addend << (other - low)), low, fmt)
