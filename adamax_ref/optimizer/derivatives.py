"""Derivatives of a step: of its constants by the hyperparameters, and of a recipe in reverse mode.

The rules are those of exact arithmetic, operation by operation; a rounding has derivative 1. Where a derivative does
not exist one is chosen, and it is PyTorch's choice: at a tie of a maximum each side gets half, and ``|x|`` has
derivative 0 at 0.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import Unrounded, ieee_divide
from adamax_ref.recipe.recipe import Recipe

NAMES = ("lr", "beta1", "beta2", "eps", "weight_decay")


@final
class Dual:
    """A number and its derivatives by some variables.

    Examples
    --------
    >>> x = Dual(3.0, (1.0,))
    >>> (1 / (x * x - 1)).slopes
    (-0.09375,)
    """

    __slots__ = ("slopes", "value")

    def __init__(self, value: Any, slopes: tuple[Any, ...]) -> None:
        self.value = value
        self.slopes = slopes

    def _joined(self, other: Any, value: Any, mine: Any, theirs: Any) -> "Dual":
        """Return `value` with the slopes ``mine * own + theirs * other's``."""
        if isinstance(other, Dual):
            return Dual(value, tuple(mine * a + theirs * b for a, b in zip(self.slopes, other.slopes, strict=True)))
        return Dual(value, tuple(mine * a for a in self.slopes))

    def __add__(self, other: Any) -> "Dual":
        return self._joined(other, self.value + _value(other), 1, 1)

    __radd__ = __add__

    def __neg__(self) -> "Dual":
        return Dual(-self.value, tuple(-a for a in self.slopes))

    def __sub__(self, other: Any) -> "Dual":
        return self._joined(other, self.value - _value(other), 1, -1)

    def __rsub__(self, other: Any) -> "Dual":
        return (-self)._joined(other, _value(other) - self.value, 1, 1)

    def __mul__(self, other: Any) -> "Dual":
        return self._joined(other, self.value * _value(other), _value(other), self.value)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Dual":
        divisor = _value(other)
        quotient = _divide(self.value, divisor)
        return self._joined(other, quotient, _divide(1, divisor), -_divide(quotient, divisor))

    def __rtruediv__(self, other: Any) -> "Dual":
        return Dual(_value(other), tuple(0 * a for a in self.slopes)) / self

    def __pow__(self, exponent: int) -> "Dual":
        slope = exponent * self.value ** (exponent - 1)
        return Dual(self.value**exponent, tuple(slope * a for a in self.slopes))

    def __float__(self) -> float:
        return float(self.value)

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _value(other))


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Dual) else x


def _divide(a: Any, b: Any) -> Any:
    return ieee_divide(a, b) if isinstance(b, float) else a / b


def slopes(
    dialect: Dialect, h: Hyperparameters, t: int, names: tuple[str, ...], make: Callable[[float], Any] = float
) -> dict[str, tuple[Any, ...]]:
    """Return, for each constant, its derivatives by lr, beta1, beta2, eps and weight decay.

    Parameters
    ----------
    dialect : Dialect
        Whose constants they are.
    h : Hyperparameters
        Where the derivatives are taken.
    t : int
        Number of the step, from 1.
    names : tuple of str
        The recipe's constants.
    make : callable
        Type of number to compute with: ``float``, or ``fractions.Fraction`` for exact results.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> slopes(get("torch"), Hyperparameters(lr=0.1, beta1=0.5), 1, ("minus_rate",))
    {'minus_rate': (-2.0, -0.4, -0.0, -0.0, -0.0)}
    """
    unit = [tuple(make(float(at == k)) for k in range(len(NAMES))) for at in range(len(NAMES))]
    fields = {name: Dual(make(getattr(h, name)), unit[at]) for at, name in enumerate(NAMES)}
    made = dialect.constants(SimpleNamespace(**fields, maximize=h.maximize), t, Unrounded())  # a rounding has slope 1
    nothing = tuple(make(0.0) for _ in NAMES)
    return {name: getattr(made[name], "slopes", nothing) for name in names}


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
