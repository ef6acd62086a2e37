"""Numbers with derivatives: how a step's constants depend on the hyperparameters."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import Unrounded, ieee_divide

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
