"""The constants of a step as a function of its number: what does not depend on it is formed once.

A dialect forms its constants by plain arithmetic. Given a :class:`Later` in place of the number of the step, the same
text says which of them depend on the number, and how: each operation with a Later is a Later, and is done with the very
operands and in the very order of the text as soon as the number is known.
"""

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, final

if TYPE_CHECKING:
    from .profile import Rounding

Formed = Callable[[int], Any]


def _refuse(self: "Later", *_: Any) -> NoReturn:
    raise TypeError("a number that depends on the number of the step is not known yet")


@final
class Later:
    """A number that depends on the number of the step.

    It has the operations that constants are formed with. Whatever else is asked of it (a comparison, a conversion)
    raises a TypeError, since the answer may differ from step to step.

    Parameters
    ----------
    at : callable
        Returns the number at a step.

    Examples
    --------
    >>> (1 - 0.5 ** Later(int)).at(3)
    0.875
    """

    __slots__ = ("at",)

    def __init__(self, at: Formed) -> None:
        self.at = at

    def __add__(self, other: Any) -> Any:
        return _later(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _later(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _later(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _later(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _later(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _later(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _later(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _later(operator.truediv, other, self)

    def __pow__(self, other: Any) -> Any:
        return _later(operator.pow, self, other)

    def __rpow__(self, other: Any) -> Any:
        return _later(operator.pow, other, self)

    def __neg__(self) -> Any:
        return _later(operator.neg, self)

    __bool__ = __float__ = __int__ = __index__ = __hash__ = __str__ = __format__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __class__ = property(_refuse)  # so that isinstance() refuses as well


def _later(function: Callable[..., Any], *operands: Any) -> Any:
    """Call a function now, or return the Later that calls it where an operand is one."""
    first, second = (operand.at if type(operand) is Later else None for operand in (*operands, None)[:2])
    if first and second:
        return Later(lambda t: function(first(t), second(t)))
    if first:
        rest = operands[1:]
        return Later((lambda t: function(first(t), *rest)) if rest else (lambda t: function(first(t))))
    if second:
        known = operands[0]
        return Later(lambda t: function(known, second(t)))
    return function(*operands)


@final
class _Ahead:
    """The roundings of a dialect, done later where their operand is known later."""

    def __init__(self, to: "Rounding") -> None:
        self._to = to
        self.working, self.storage, self.place = to.working, to.storage, to.place

    def work(self, x: Any) -> Any:
        return _later(self._to.work, x)

    def store(self, x: Any) -> Any:
        return _later(self._to.store, x)

    def single(self, x: Any) -> Any:
        return _later(self._to.single, x)

    def double(self, x: Any) -> Any:
        return _later(self._to.double, x)

    def product(self, x: Any, count: Any) -> Any:
        return _later(self._to.product, x, count)


def row_of(
    constants: Callable[[Any, Any, Any], Any], h: Any, names: Sequence[str], to: "Rounding"
) -> Callable[[int], list[float]] | None:
    """Return the constants of those names as a function of the number of the step; None where they ask more of it.

    Parameters
    ----------
    constants, h, names, to : callable, Hyperparameters, sequence of str, Rounding
        The dialect's; the fields of `h` are plain floats.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from .profile import BINARY64, Rounding
    >>> to, h = Rounding(BINARY64, BINARY64), SimpleNamespace(lr=0.5)
    >>> row_of(lambda h, t, to: {"rate": to.work(h.lr * t), "lr": h.lr}, h, ["lr", "rate"], to)(3)
    [0.5, 1.5]
    """
    try:
        formed = constants(h, Later(_itself), _Ahead(to))
        numbers = [formed[name] for name in names]
        fixed = [0.0 if type(number) is Later else float(number) for number in numbers]
    except Exception:  # whatever it wanted of a number that has none yet: the numbers of each step say it themselves
        return None
    moving = [(place, number.at) for place, number in enumerate(numbers) if type(number) is Later]

    def row(t: int) -> list[float]:
        new = fixed.copy()
        for place, at in moving:
            new[place] = float(at(t))
        return new

    return row


def _itself(t: int) -> int:
    return t
