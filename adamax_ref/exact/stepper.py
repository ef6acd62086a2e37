"""The bits of one recipe on one element: by integers (:func:`run`), and by machine numbers (:func:`function_of`).

:func:`run` is the bit oracle. It uses no floating-point arithmetic: it turns finite operands into integers, does each
operation exactly, and rounds once with :mod:`adamax_ref.exact.rounding`. NaN, infinities and signs of zeros follow IEEE
754-2019 (sections 6.1 to 6.3). An engine that disagrees with it in a bit is wrong.

:func:`function_of` gives the same bits a hundred times as fast. It uses the processor's arithmetic where that is proven
to round correctly: binary64 as it is; binary32 as one operation in binary64 followed by one rounding, which is innocuous
for ``+ - * /`` because 53 >= 2*24 + 2 (Figueroa 1995), and for a fused multiply-add once the sum is rounded to odd (Boldo
and Melquiond 2008). The corpus is never computed with it; measurements that run recipes thousands of times are.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from ctypes import c_float
from fractions import Fraction
from functools import cache
from struct import Struct
from types import MappingProxyType
from typing import Any

from adamax_ref.recipe.operations import greater, maximum
from adamax_ref.recipe.profile import FORMATS, Format, ieee_divide
from adamax_ref.recipe.recipe import INPUTS, Recipe

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
    operands = [_checked(value, storage, name) for name, value in zip("pgmu", (p, g, m, u), strict=True)]
    operands += [_checked(value, working, name) for name, value in zip(recipe.constants, scalars, strict=True)]
    return recipe.evaluate(operations(recipe.working, recipe.storage), dict(zip(recipe.leaves, operands, strict=True)))


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


Function = Callable[..., tuple[float, float, float]]

_WIDE = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1} if {1} else divide({0}, {1})",
    "fma": "fma({0}, {1}, {2})",
    "neg": "-{0}",
    "abs": "abs({0})",
    "max": "{0} if {0} >= {1} or {0} != {0} else {1}",
    "greater": "{1} if {0} < {1} else {0}",
    "round": "store({0})",
    "flush": "flush({0})",
}
_SINGLE = _WIDE | {name: f"single({_WIDE[name]}).value" for name in ("add", "sub", "mul", "div")}
_TEMPLATES = {"binary64": _WIDE, "binary32": _SINGLE}

_DOUBLE, _LONG, _FLOAT, _WORD, _HALF = map(Struct, ("<d", "<q", "<f", "<I", "<e"))


@cache
def function_of(recipe: Recipe, replaced: tuple[str, ...] = ()) -> Function:
    """Return ``function(p, g, m, u, *constants, *operations) -> (p, m, u)``: one step of one element.

    Parameters
    ----------
    recipe : Recipe
        Its constants are given in the order of ``recipe.constants``; all numbers must be of their formats.
    replaced : tuple of str
        Names of operations that are given with each call, instead of being done rightly.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> recipe = torch.recipe(torch.defaults, "f32")
    >>> function_of(recipe)(1.0, 1.0, 0.0, 0.0, *torch.scalars(torch.defaults, 1, recipe))
    (0.9980000257492065, 0.10000000149011612, 1.0)
    """
    lines = recipe.lines(_TEMPLATES[recipe.working] | {name: _call(name) for name in replaced}, _local)
    results = ", ".join(_local(recipe.names[value]) for value in recipe.outputs)
    body = [f"    {name} = {text}" for name, text in lines]
    taken = [*map(_local, (*INPUTS, *recipe.constants)), *(f"do_{name}" for name in replaced)]
    head = f"def step({', '.join(taken)}):"
    namespace: dict[str, Any] = dict(_functions(recipe.working, recipe.storage))
    exec("\n".join([head, *body, f"    return {results}"]), namespace)
    step: Function = namespace["step"]
    return step


def _call(name: str) -> str:
    """Return the template that calls an operation that is given."""
    operands = 3 if name == "fma" else 2 if name in ("add", "sub", "mul", "div", "max", "greater") else 1
    return f"do_{name}({', '.join(f'{{{at}}}' for at in range(operands))})"


def _local(name: str) -> str:
    """Keep the names of a recipe apart from those of the functions."""
    return f"{name}_"


@cache
def _functions(working: str, storage: str) -> Mapping[str, Any]:
    fmt = FORMATS[working]
    fused = operations(working, storage)["fma"] if working == "binary64" else fused_single
    store = {"binary16": to_half, "bfloat16": to_upper}.get(storage, FORMATS[storage].round)
    return MappingProxyType({"single": c_float, "divide": ieee_divide, "fma": fused, "store": store, "flush": fmt.flush})


def fused_single(a: float, b: float, c: float) -> float:
    """Return ``a * b + c`` of three numbers of binary32, rounded once to binary32.

    The product is exact in double. Where the sum is not, its last bit is made odd, so that no number lies between it and
    the exact sum at which the second rounding would turn.

    Examples
    --------
    >>> fused_single(1 + 2**-12, 1 + 2**-12, 2.0**-60).hex()
    '0x1.0020020000000p+0'
    """
    product = a * b
    total = product + c
    back = total - product
    error = (product - (total - back)) + (c - back)
    if error and error == error and not _LONG.unpack(_DOUBLE.pack(total))[0] & 1:
        total = math.nextafter(total, math.copysign(math.inf, error))
    return c_float(total).value


def rounding(fmt: Format) -> Callable[[float], float]:
    """Return what rounds any double once to a format, as ``fmt.round`` does.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> rounding(BINARY32)(0.1)
    0.10000000149011612
    """
    quick: dict[str, Callable[[float], float]] = {"binary64": float, "binary32": lambda x: c_float(x).value, "binary16": to_half}
    return quick.get(fmt.name, fmt.round)


def to_half(x: float) -> float:
    """Round a double to binary16.

    Examples
    --------
    >>> to_half(2049.0), to_half(65519.0), to_half(-65520.0)
    (2048.0, 65504.0, -inf)
    """
    if not abs(x) < 65520.0:  # half-way to what would come next; the machine's conversion refuses it
        return x if x != x else math.copysign(math.inf, x)
    rounded: float = _HALF.unpack(_HALF.pack(x))[0]
    return rounded


def to_upper(x: float) -> float:
    """Round a number of binary32 to bfloat16, which is its upper half.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> to_upper(257.0), to_upper(259.0), to_upper(-BINARY32.largest)
    (256.0, 260.0, -inf)
    """
    if x != x:
        return x
    bits = _WORD.unpack(_FLOAT.pack(x))[0]
    rounded: float = _FLOAT.unpack(_WORD.pack(bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000))[0]
    return rounded
