"""Recipes: a dialect's update as an ordered list of rounded operations.

A recipe is frozen, can be compared and hashed, and is all that an engine ever sees; :mod:`adamax_ref.recipe.trace` makes
it. :meth:`Recipe.evaluate` runs it on anything, :meth:`Recipe.lines` prints it in any language,
:meth:`Recipe.placement` says which values may share a buffer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, final

from .profile import FORMATS, Format

Value = TypeVar("Value")

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
    """Target of each operation's result, chosen so that an engine needs as little scratch as possible.

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
        Names of the formats (see :mod:`adamax_ref.recipe.profile`).
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

    def evaluate(self, table: Mapping[str, Callable[..., Value]], values: Mapping[str, Value]) -> tuple[Value, Value, Value]:
        """Run the recipe with a table of operations.

        Parameters
        ----------
        table : mapping of str to callable
            One function for each operation name that occurs (see :data:`adamax_ref.recipe.operations.NAMES`).
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
        known: list[Value] = [values[name] for name in self.leaves]
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

    def lines(self, templates: Mapping[str, str] | None = None, rename: Callable[[str], str] = str) -> list[tuple[str, str]]:
        """Print each operation with a template such as ``{"add": "{0} + {1}", ...}``; by default as text to read.

        Returns
        -------
        list of (str, str)
            Name of the result and the expression, in order of execution.
        """
        names, templates = [rename(name) for name in self.names], templates or _TEXT
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
        rows = self.lines()
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
