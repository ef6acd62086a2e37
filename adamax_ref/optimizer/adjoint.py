"""Reverse mode over a recipe: how its outputs pull back to everything it was given.

The rules are those of exact arithmetic, operation by operation; a rounding has derivative 1. Where a derivative does
not exist one is chosen, and it is PyTorch's choice: at a tie of a maximum each side gets half, and ``|x|`` has
derivative 0 at 0.
"""

from collections.abc import Callable, Mapping
from typing import Any

from adamax_ref.recipe.recipe import Recipe

Table = Mapping[str, Callable[..., Any]]
Select = Callable[[Any, Any, Any], Any]
Rule = Callable[[Any, tuple[Any, ...], Any, Select], tuple[Any, ...]]


def pullback(
    recipe: Recipe, table: Table, select: Select, values: Mapping[str, Any], cotangents: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the derivative of ``sum(cotangent * output)`` by every input and constant of a recipe.

    Parameters
    ----------
    recipe : Recipe
        The step.
    table : mapping
        The operations, as for :meth:`~adamax_ref.recipe.recipe.Recipe.evaluate`.
    select : callable
        ``select(condition, a, b)``: `a` where the condition holds, else `b`.
    values : mapping
        ``p g m u`` and the constants.
    cotangents : mapping
        For ``p``, ``m``, ``u``: what the outputs are multiplied by.

    Returns
    -------
    dict
        By name; a leaf that no output depends on has 0.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from adamax_ref.recipe.recipe import Operation
    >>> square = Recipe((), (Operation("mul", (0, 0)),), (4, 2, 3), "binary64", "binary64")
    >>> where = lambda condition, a, b: a if condition else b
    >>> one = dict(p=F(3), g=F(0), m=F(0), u=F(0))
    >>> pullback(square, {"mul": lambda a, b: a * b}, where, one, dict(p=F(1), m=F(0), u=F(0)))["p"]
    Fraction(6, 1)
    """
    known: list[Any] = [values[name] for name in recipe.leaves]
    for operation in recipe.operations:
        known.append(table[operation.name](*(known[arg] for arg in operation.args)))
    adjoints: list[Any] = [0] * len(known)
    for name, value in zip(("p", "m", "u"), recipe.outputs, strict=True):
        adjoints[value] = adjoints[value] + cotangents[name]
    count = len(recipe.leaves)
    for at in reversed(range(len(recipe.operations))):
        operation, bar = recipe.operations[at], adjoints[count + at]
        operands = tuple(known[arg] for arg in operation.args)
        shares = RULES[operation.name](bar, operands, known[count + at], select)
        for arg, share in zip(operation.args, shares, strict=True):
            adjoints[arg] = adjoints[arg] + share
    return dict(zip(recipe.leaves, adjoints[:count], strict=True))


def _quotient(bar: Any, operands: tuple[Any, ...], out: Any, select: Select) -> tuple[Any, ...]:
    share = bar / operands[1]
    return share, -(share * out)


def _size(bar: Any, operands: tuple[Any, ...], out: Any, select: Select) -> tuple[Any, ...]:
    (a,) = operands
    return (select(a == 0, bar * 0, select(a < 0, -bar, bar)),)


def _larger(bar: Any, operands: tuple[Any, ...], out: Any, select: Select) -> tuple[Any, ...]:
    a, b = operands
    half, none = bar / 2, bar * 0
    return select(a == b, half, select(a > b, bar, none)), select(a == b, half, select(a > b, none, bar))


def _pass(bar: Any, operands: tuple[Any, ...], out: Any, select: Select) -> tuple[Any, ...]:
    return (bar,)


RULES: dict[str, Rule] = {
    "add": lambda bar, operands, out, select: (bar, bar),
    "sub": lambda bar, operands, out, select: (bar, -bar),
    "mul": lambda bar, operands, out, select: (bar * operands[1], bar * operands[0]),
    "div": _quotient,
    "fma": lambda bar, operands, out, select: (bar * operands[1], bar * operands[0], bar),
    "neg": lambda bar, operands, out, select: (-bar,),
    "abs": _size,
    "max": _larger,
    "greater": _larger,
    "round": _pass,
    "flush": _pass,
}
"""What each operation hands back to its operands, given its own share, the operands, the result, and `select`."""
