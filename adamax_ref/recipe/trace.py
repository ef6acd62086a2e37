"""Tracing: a dialect's ``update`` is run once on symbols, and what it does is written down as a recipe."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from .operations import NAMES
from .profile import Profile
from .recipe import INPUTS, Operation, Recipe
from .types import Scalar


class Symbol:
    """A value of a trace: what is done with it is written down, not done."""

    __slots__ = ("_index", "_trace")

    def __init__(self, trace: "_Trace", index: int) -> None:
        self._trace = trace
        self._index = index

    def __add__(self, other: Any) -> "Symbol":
        return self._trace.record("add", self, other)

    def __sub__(self, other: Any) -> "Symbol":
        return self._trace.record("sub", self, other)

    def __mul__(self, other: Any) -> "Symbol":
        return self._trace.record("mul", self, other)

    def __truediv__(self, other: Any) -> "Symbol":
        return self._trace.record("div", self, other)

    def __radd__(self, other: Any) -> "Symbol":
        return self._trace.record("add", other, self)

    def __rsub__(self, other: Any) -> "Symbol":
        return self._trace.record("sub", other, self)

    def __rmul__(self, other: Any) -> "Symbol":
        return self._trace.record("mul", other, self)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return self._trace.record("div", other, self)

    def __neg__(self) -> "Symbol":
        return self._trace.record("neg", self)

    def __abs__(self) -> "Symbol":
        return self._trace.record("abs", self)

    def __fma__(self, a: Any, b: Any, c: Any) -> "Symbol":
        return self._trace.record("fma", a, b, c)

    def __maximum__(self, a: Any, b: Any) -> "Symbol":
        return self._trace.record("max", a, b)

    def __greater__(self, a: Any, b: Any) -> "Symbol":
        return self._trace.record("greater", a, b)

    def __store__(self) -> "Symbol":
        return self._trace.store(self)

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError("a recipe cannot branch on a value; declare a condition of the dialect instead")

    __bool__ = __float__ = __pow__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse


class _Trace:
    """The list that symbols write to."""

    def __init__(self, profile: Profile, constants: Iterable[str], flushes: bool, stepwise: bool) -> None:
        self.profile = profile
        self.flushes = flushes
        self.stepwise = stepwise
        self.leaves = INPUTS + tuple(constants)
        self.operations: list[Operation] = []

    def append(self, name: str, *args: int) -> int:
        self.operations.append(Operation(name, args))
        return len(self.leaves) + len(self.operations) - 1

    def record(self, name: str, *args: Any) -> Symbol:
        assert name in NAMES
        for arg in args:
            if not isinstance(arg, Symbol):
                raise TypeError(f"a recipe holds no literal numbers, found {arg!r} in {name}; make it a constant of the dialect")
        value = self.append(name, *(arg._index for arg in args))
        if name not in ("add", "sub", "mul", "div", "fma"):
            return Symbol(self, value)
        if self.flushes:
            value = self.append("flush", value)
        return self.store(Symbol(self, value)) if self.stepwise else Symbol(self, value)

    def store(self, value: Symbol) -> Symbol:
        if self.profile.storage is self.profile.working:
            return value
        return Symbol(self, self.append("round", value._index))

    def kept(self, value: Symbol) -> int:
        """Return the number of what memory holds once a value is written to it."""
        return value._index if self._is_storable(value._index) else self.store(value)._index

    def _is_storable(self, index: int) -> bool:
        """Return whether a value is a number of the storage type without another rounding."""
        if index < len(self.leaves):
            return index < len(INPUTS)
        operation = self.operations[index - len(self.leaves)]
        exact = operation.name in ("neg", "abs", "max", "greater", "flush")
        return operation.name == "round" or (exact and all(map(self._is_storable, operation.args)))

    def given(self, index: int) -> Symbol:
        return Symbol(self, self.append("flush", index) if self.flushes and index < len(INPUTS) else index)


def trace(
    update: Callable[..., Sequence[Scalar]],
    constants: Iterable[str],
    conditions: Mapping[str, bool],
    profile: Profile,
    flushes: bool = False,
    stepwise: bool = False,
) -> Recipe:
    """Run `update` on symbols and return what it did as a recipe.

    Parameters
    ----------
    update : callable
        ``update(p, g, m, u, c) -> (p, m, u)``, written with ``+ - * / abs`` and the functions of
        :mod:`adamax_ref.recipe.operations`. What it returns is stored, whether it says so or not.
    constants : iterable of str
        Names that `update` may read from ``c``; those that it does not use are left out of the recipe.
    conditions : mapping of str to bool
        Names that `update` may branch on through ``c``.
    profile : Profile
        Storage and working type; where they are equal, ``store`` vanishes.
    flushes : bool
        Whether subnormal inputs and results become zeros.
    stepwise : bool
        Whether every operation rounds to the storage type, as if each ``+ - * /`` stood inside ``store``.

    Raises
    ------
    TypeError
        When `update` uses a literal number or branches on a value.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import PROFILES
    >>> print(trace(lambda p, g, m, u, c: (p - c.lr * g, m, u), ["lr"], {}, PROFILES["f32"]))
    # given p, g, m, u in binary32 and lr in binary32
    v1    = lr * g                           # binary32
    p_new = p - v1                           # binary32
    """
    log = _Trace(profile, constants, flushes, stepwise)
    symbols = [log.given(index) for index in range(len(log.leaves))]
    named = dict(zip(log.leaves[len(INPUTS) :], symbols[len(INPUTS) :], strict=True))
    results: Any = update(*symbols[: len(INPUTS)], SimpleNamespace(**named, **conditions))
    p, m, u = map(log.kept, results)
    return _prune(log, (p, m, u))


def _prune(log: _Trace, outputs: tuple[int, int, int]) -> Recipe:
    """Leave out constants and operations that no output depends on, and number the rest anew."""
    count = len(log.leaves)
    needed = set(outputs) | set(range(len(INPUTS)))
    for at in reversed(range(len(log.operations))):
        if count + at in needed:
            needed.update(log.operations[at].args)
    number = {old: new for new, old in enumerate(sorted(needed))}
    return Recipe(
        constants=tuple(name for at, name in enumerate(log.leaves) if at >= len(INPUTS) and at in needed),
        operations=tuple(
            Operation(operation.name, tuple(number[arg] for arg in operation.args))
            for at, operation in enumerate(log.operations)
            if count + at in needed
        ),
        outputs=(number[outputs[0]], number[outputs[1]], number[outputs[2]]),
        working=log.profile.working.name,
        storage=log.profile.storage.name,
    )
