"""Recipes: a dialect's update as an ordered list of rounded operations.

:func:`trace` runs a dialect's ``update`` once on symbols and writes down what it does. The result is frozen, can be
compared and hashed, and is all that an engine ever sees. :meth:`Recipe.evaluate` runs it on anything,
:meth:`Recipe.lines` prints it in any language, :meth:`Recipe.placement` says which values may share a buffer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NoReturn, final

from .operations import NAMES
from .profile import FORMATS, Format, Profile

INPUTS = ("p", "g", "m", "u")
OUTPUTS = ("p", "m", "u")


@final
@dataclass(frozen=True)
class Operation:
    """One rounded operation: its name and the numbers of the values it reads."""

    name: str
    args: tuple[int, ...]


@final
@dataclass(frozen=True)
class Placement:
    """Where each operation's result goes, so that an engine needs as little scratch as possible.

    Attributes
    ----------
    targets : tuple of (str or int)
        For each operation the name of an output (``"p"``, ``"m"``, ``"u"``), or the number of a scratch buffer.
    scratch : int
        How many scratch buffers are needed.
    copies : tuple of (str, int)
        Outputs that no operation could write in place, with the value to copy there at the end.
    """

    targets: tuple[str | int, ...]
    scratch: int
    copies: tuple[tuple[str, int], ...]


@final
@dataclass(frozen=True)
class Recipe:
    """An Adamax step of one element, operation by operation.

    Values are numbered: first the inputs ``p g m u``, then the constants, then the result of each operation.

    Attributes
    ----------
    constants : tuple of str
        Names of the scalars that change from step to step or with the hyperparameters, in the order in which a
        kernel expects them.
    operations : tuple of Operation
        In order of execution. Each rounds once to the working type, except ``round`` (to the storage type),
        ``flush`` (a subnormal number becomes a zero of the same sign) and the exact ``neg abs max greater``.
    outputs : tuple of int
        The values that become the new ``p``, ``m`` and ``u``.
    working, storage : str
        Names of the formats (see :mod:`adamax_ref.law.profile`).
    """

    constants: tuple[str, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[int, int, int]
    working: str
    storage: str

    @cached_property
    def _hash(self) -> int:
        return hash((self.constants, self.operations, self.outputs, self.working, self.storage))

    def __hash__(self) -> int:
        return self._hash

    @property
    def working_format(self) -> Format:
        """Format of the arithmetic."""
        return FORMATS[self.working]

    @property
    def storage_format(self) -> Format:
        """Format of parameters, gradients and state in memory."""
        return FORMATS[self.storage]

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Names of the values that are given: inputs, then constants."""
        return INPUTS + self.constants

    @cached_property
    def last_use(self) -> dict[int, int]:
        """For each value the number of the last operation that reads it; outputs live to the end."""
        use = {arg: at for at, operation in enumerate(self.operations) for arg in operation.args}
        return use | dict.fromkeys(self.outputs, len(self.operations))

    def evaluate(self, table: Mapping[str, Callable[..., Any]], values: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Run the recipe with a table of operations.

        Parameters
        ----------
        table : mapping of str to callable
            One function for each operation name that occurs (see :data:`adamax_ref.law.operations.NAMES`).
        values : mapping of str to object
            ``p``, ``g``, ``m``, ``u`` and the constants.

        Returns
        -------
        tuple
            The new ``p``, ``m``, ``u``.

        Raises
        ------
        KeyError
            When an input, a constant or an operation is missing.
        """
        known: list[Any] = [values[name] for name in self.leaves]
        for operation in self.operations:
            known.append(table[operation.name](*(known[arg] for arg in operation.args)))
        p, m, u = (known[value] for value in self.outputs)
        return p, m, u

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A readable name for every value: the leaves by theirs, new outputs as ``p_new``, the rest ``v1, v2, ...``."""
        new = {value: f"{name}_new" for name, value in zip(OUTPUTS, self.outputs, strict=True)}
        count = len(self.leaves)
        inner = (new.get(count + at, f"v{at + 1}") for at in range(len(self.operations)))
        return self.leaves + tuple(inner)

    def lines(self, templates: Mapping[str, str], rename: Callable[[str], str] = str) -> list[tuple[str, str]]:
        """Print each operation with a template such as ``{"add": "{0} + {1}", ...}``.

        Returns
        -------
        list of (str, str)
            Name of the result and the expression, in order of execution.
        """
        names = [rename(name) for name in self.names]
        count = len(self.leaves)
        return [
            (names[count + at], templates[operation.name].format(*(names[arg] for arg in operation.args)))
            for at, operation in enumerate(self.operations)
        ]

    def placement(self) -> Placement:
        """Assign results to output buffers where the old content is no longer needed, else to scratch."""
        count, last = len(self.leaves), self.last_use
        wanted = {value: name for name, value in zip(OUTPUTS, self.outputs, strict=True)}
        free: list[int] = []
        targets: list[str | int] = []
        made = 0
        for at, operation in enumerate(self.operations):
            value = count + at
            for arg in set(operation.args):
                if last[arg] == at and arg >= count and isinstance(targets[arg - count], int):
                    free.append(int(targets[arg - count]))
            name = wanted.get(value)
            if name is not None and last.get(INPUTS.index(name), -1) <= at and name not in targets:
                targets.append(name)
                continue
            if not free:
                free.append(made)
                made += 1
            targets.append(free.pop())
        copies = [
            (name, value)
            for name, value in zip(OUTPUTS, self.outputs, strict=True)
            if value != INPUTS.index(name) and (value < count or targets[value - count] != name)
        ]
        return Placement(tuple(targets), made, tuple(copies))

    def __str__(self) -> str:
        """One operation a line, with the type it rounds to."""
        rows = self.lines(_TEXT)
        width = max((len(name) for name, _ in rows), default=0)
        exact = {"neg", "abs", "max", "greater"}
        notes = {"round": f"rounded to {self.storage}", "flush": "subnormal becomes zero"} | dict.fromkeys(exact, "exact")
        body = [
            f"{name:<{width}} = {text:<32} # {notes.get(operation.name, self.working)}"
            for (name, text), operation in zip(rows, self.operations, strict=True)
        ]
        given = f"# given p, g, m, u in {self.storage} and {', '.join(self.constants) or 'no constants'} in {self.working}"
        return "\n".join([given, *body])

    def latex(self) -> str:
        r"""Return the formula in LaTeX: one aligned line for each output and each value that is used more than once.

        Examples
        --------
        >>> from adamax_ref.dialects import get
        >>> dialect = get("paper")
        >>> print(dialect.recipe(dialect.defaults, "f64").latex())
        \begin{aligned}
        m_t &= \beta_1\,m_{t-1} + (1-\beta_1)\,g_t \\
        u_t &= \max(\beta_2\,u_{t-1},\ \lvert g_t\rvert) \\
        \theta_t &= \theta_{t-1} - \frac{\alpha_t\,m_t}{u_t}
        \end{aligned}
        """
        from .latex import aligned

        return aligned(self)

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


_TEXT = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "fma": "fma({0}, {1}, {2})",
    "neg": "-{0}",
    "abs": "|{0}|",
    "max": "max({0}, {1})",
    "greater": "greater({0}, {1})",
    "round": "round({0})",
    "flush": "flush({0})",
}


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

    def __init__(self, profile: Profile, constants: Iterable[str], flushes: bool) -> None:
        self.profile = profile
        self.flushes = flushes
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
        if self.flushes and name in ("add", "sub", "mul", "div", "fma"):
            value = self.append("flush", value)
        return Symbol(self, value)

    def store(self, value: Symbol) -> Symbol:
        if self.profile.storage is self.profile.working:
            return value
        return Symbol(self, self.append("round", value._index))

    def given(self, index: int) -> Symbol:
        return Symbol(self, self.append("flush", index) if self.flushes and index < len(INPUTS) else index)


def trace(
    update: Callable[..., Sequence[Any]],
    constants: Iterable[str],
    conditions: Mapping[str, bool],
    profile: Profile,
    flushes: bool = False,
) -> Recipe:
    """Run `update` on symbols and return what it did as a recipe.

    Parameters
    ----------
    update : callable
        ``update(p, g, m, u, c) -> (p, m, u)``, written with ``+ - * / abs`` and the functions of
        :mod:`adamax_ref.law.operations`.
    constants : iterable of str
        Names that `update` may read from ``c``; those that it does not use are left out of the recipe.
    conditions : mapping of str to bool
        Names that `update` may branch on through ``c``.
    profile : Profile
        Storage and working type; where they are equal, ``store`` vanishes.
    flushes : bool
        Whether subnormal inputs and results become zeros.

    Raises
    ------
    TypeError
        When `update` uses a literal number or branches on a value.

    Examples
    --------
    >>> from adamax_ref.law.profile import PROFILES
    >>> print(trace(lambda p, g, m, u, c: (p - c.lr * g, m, u), ["lr"], {}, PROFILES["f32"]))
    # given p, g, m, u in binary32 and lr in binary32
    v1    = lr * g                           # binary32
    p_new = p - v1                           # binary32
    """
    log = _Trace(profile, constants, flushes)
    symbols = [log.given(index) for index in range(len(log.leaves))]
    named = dict(zip(log.leaves[len(INPUTS) :], symbols[len(INPUTS) :], strict=True))
    results = update(*symbols[: len(INPUTS)], SimpleNamespace(**named, **conditions))
    p, m, u = (result._index for result in results)
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
