"""A recipe as a Python function of machine numbers: the stepper's results, a hundred times as fast.

The processor's own arithmetic takes the place of integers wherever it is known to give the correctly rounded result:
binary64 as it is; binary32 as one operation in binary64 followed by one rounding, which is innocuous for ``+ - * /``
because 53 >= 2*24 + 2 (Figueroa 1995), and for a fused multiply-add once the sum is rounded to odd (Boldo and
Melquiond 2008). Expectations of the corpus never come from here; what is run thousands of times to measure it does.
"""

import math
from collections.abc import Callable, Mapping
from ctypes import c_float
from functools import cache
from struct import Struct
from types import MappingProxyType
from typing import Any

from adamax_ref.recipe.profile import FORMATS, Format, ieee_divide
from adamax_ref.recipe.recipe import INPUTS, Recipe

from .stepper import operations

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
    made: dict[str, Any] = dict(_functions(recipe.working, recipe.storage))
    exec("\n".join([head, *body, f"    return {results}"]), made)
    step: Function = made["step"]
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
