"""The permitted recipes of a dialect as one graph, in which equal values are one node.

A *value* is a real function of inputs and constants. A *node* is a value at one stage of rounding: as an operation left
it, after a ``flush``, or after a store to the storage type. Each node lists its *derivations*, the different operations
by which permitted recipes compute it. A statement about every derivation of every node holds for every permitted recipe,
and a few dozen derivations stand for hundreds of recipes.

Two recipes often compute the same function in different ways: ``m + w(g - m)`` and ``(1 - w)m + wg``. :class:`Residue`
recognises that: both are evaluated modulo the prime 2**61 - 1 at a random point. Equal functions give equal residues;
different rational functions of degree n give equal ones with a chance below n / 2**60 (Schwartz 1980, Zippel 1979).
``|x|`` and ``max`` are no rational functions: each is a new variable that depends on its operands, but not on their order
or sign.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.operations import fma, greater, maximum
from adamax_ref.recipe.profile import Unrounded
from adamax_ref.recipe.recipe import INPUTS, Recipe

UNROUNDED: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": fma,
    "neg": lambda a: -a,
    "abs": abs,
    "max": maximum,
    "greater": greater,
    "round": lambda a: a,
    "flush": lambda a: a,
}
"""The operations of a recipe without rounding, for fractions, intervals, columns and residues."""

_SAMPLE_STEP = 3
_STAGE = {"round": "stored", "flush": "flushed"}
_KEEPS_STAGE = ("neg", "abs", "max", "greater")


PRIME = (1 << 61) - 1


@final
class Residue:
    """A residue class modulo a large prime; computes with itself, integers and floats.

    Examples
    --------
    >>> a, b = point("a"), point("b")
    >>> (a + b) * (a - b) == a * a - b * b, a / b * b == a
    (True, True)
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Residue):
            value = value.value
        elif not isinstance(value, int):
            exact = Fraction(value)
            value = exact.numerator * pow(exact.denominator, -1, PRIME)
        self.value: int = value % PRIME

    def __add__(self, other: Any) -> "Residue":
        return Residue(self.value + Residue(other).value)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Residue":
        return Residue(self.value - Residue(other).value)

    def __rsub__(self, other: Any) -> "Residue":
        return Residue(Residue(other).value - self.value)

    def __mul__(self, other: Any) -> "Residue":
        return Residue(self.value * Residue(other).value)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Residue":
        return Residue(self.value * pow(Residue(other).value, -1, PRIME))

    def __rtruediv__(self, other: Any) -> "Residue":
        return Residue(other) / self

    def __pow__(self, exponent: int) -> "Residue":
        return Residue(pow(self.value, exponent, PRIME))

    def __neg__(self) -> "Residue":
        return Residue(-self.value)

    def __abs__(self) -> "Residue":
        return point(f"abs {min(self.value, PRIME - self.value)}")

    def __fma__(self, a: Any, b: Any, c: Any) -> "Residue":
        return Residue(a) * Residue(b) + Residue(c)

    def __maximum__(self, a: Any, b: Any) -> "Residue":
        return self if Residue(a) == Residue(b) else point(f"max {sorted((Residue(a).value, Residue(b).value))}")

    __greater__ = __maximum__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float | Fraction | Residue) and Residue(other).value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __float__(self) -> float:
        """Return a number that is neither 0 nor infinite, as a generic value is: for dialects that ask."""
        return 0.5

    def __repr__(self) -> str:
        return f"Residue({self.value})"


def point(name: str) -> Residue:
    """Return the random coordinate that belongs to a name; the same one in every run."""
    return Residue(random.Random(f"adamax_ref {name}").randrange(1, PRIME))


@final
@dataclass(frozen=True)
class Derivation:
    """One operation by which a node is reached; `own` if it is the dialect's own recipe that does it."""

    operation: str
    args: tuple[int, ...]
    own: bool


@final
@dataclass
class Node:
    """A value at a stage of rounding.

    Attributes
    ----------
    value : int
        Number of the real function; nodes that differ in stage only share it.
    stage : str
        ``input``, ``constant``, ``raw``, ``flushed`` or ``stored``.
    derivations : list of Derivation
        Empty for inputs and constants.
    """

    value: int
    stage: str
    derivations: list[Derivation] = field(default_factory=list)


@final
@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each comes after those it needs.

    Attributes
    ----------
    nodes : tuple of Node
        Inputs ``p g m u`` first, then constants and results.
    inputs : tuple of int
        The nodes of ``p g m u``.
    constants : mapping of int to sequence of (int, str)
        For each constant node the places it comes from: number of the source and name there.
    outputs : tuple of tuple of int
        For ``p``, ``m``, ``u`` the nodes at which some permitted recipe ends; the dialect's own is the first.
    values : int
        How many values there are.
    ways : tuple of tuple of int
        For each recipe the node of each of its values: inputs, constants, results of operations.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    constants: Mapping[int, Sequence[tuple[int, str]]]
    outputs: tuple[tuple[int, ...], ...]
    values: int
    ways: tuple[tuple[int, ...], ...]


@final
@dataclass(frozen=True)
class Plan:
    """An order of evaluation: for each value that is no input and no constant its operation and operands."""

    steps: tuple[tuple[int, str, tuple[int, ...]], ...]
    inputs: tuple[int, ...]
    count: int

    def only(self, wanted: Sequence[int]) -> "Plan":
        """Return the part of the plan that is needed for some values."""
        needed = set(wanted)
        for at, _, args in reversed(self.steps):
            if at in needed:
                needed.update(args)
        return Plan(tuple(step for step in self.steps if step[0] in needed), self.inputs, self.count)


def graph_of(dialects: Sequence[Dialect], recipes: Sequence[Recipe]) -> Graph:
    """Merge recipes into a graph.

    Parameters
    ----------
    dialects, recipes : sequences of equal length
        Where the constants come from, and the recipes; the first is the dialect's own.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> graph = graph_of([torch], [torch.recipe(torch.defaults, "f32")])
    >>> sum(len(node.derivations) for node in graph.nodes)
    9
    """
    return _graph_of(tuple(dialects), tuple(recipes))


@lru_cache(maxsize=256)
def _graph_of(dialects: tuple[Dialect, ...], recipes: tuple[Recipe, ...]) -> Graph:
    build = _Builder()
    for source, (dialect, recipe) in enumerate(zip(dialects, recipes, strict=True)):
        build.add(source, residues(dialect), recipe)
    return build.done()


@lru_cache(maxsize=1024)
def residues(dialect: Dialect) -> Mapping[str, Residue]:
    """Return the dialect's constants at the random point; hyperparameters are coordinates of that point."""
    numbers = {name: point(name) for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
    exact = dialect.constants(SimpleNamespace(**numbers, maximize=False), _SAMPLE_STEP, Unrounded())
    return {name: Residue(number) for name, number in exact.items()}


class _Builder:
    """Collects nodes; a derivation that would make the graph circular gets a value of its own."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.places: dict[tuple[int, str], int] = {}
        self.constants: dict[int, list[tuple[int, str]]] = {}
        self.outputs: tuple[list[int], ...] = ([], [], [])
        self.ways: list[list[int]] = []
        self.inputs = tuple(self.node(point(name).value, "input") for name in INPUTS)

    def node(self, value: int, stage: str) -> int:
        place = self.places.setdefault((value, stage), len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append(Node(value, stage))
        return place

    def add(self, source: int, constants: Mapping[str, Any], recipe: Recipe) -> None:
        known = [(point(name), place) for name, place in zip(INPUTS, self.inputs, strict=True)]
        for name in recipe.constants:
            place = self.node(constants[name].value, "constant")
            self.constants.setdefault(place, []).append((source, name))
            known.append((constants[name], place))
        for operation in recipe.operations:
            residue = UNROUNDED[operation.name](*(known[arg][0] for arg in operation.args))
            args = tuple(known[arg][1] for arg in operation.args)
            known.append((residue, self.derived(residue.value, operation.name, args, source == 0)))
        self.ways.append([place for _, place in known])
        for ends, value in zip(self.outputs, recipe.outputs, strict=True):
            if known[value][1] not in ends:
                ends.append(known[value][1])

    def derived(self, value: int, name: str, args: tuple[int, ...], own: bool) -> int:
        stages = {self.nodes[arg].stage for arg in args}
        stored = name in _KEEPS_STAGE and stages <= {"input", "stored"}
        place = self.node(value, "stored" if stored else _STAGE.get(name, "raw"))
        if any(self.reaches(arg, place) for arg in args):
            place = self.node(-len(self.nodes), self.nodes[place].stage)
        same = [known for known in self.nodes[place].derivations if (known.operation, known.args) == (name, args)]
        if not same:
            self.nodes[place].derivations.append(Derivation(name, args, own))
        return place

    def reaches(self, start: int, goal: int) -> bool:
        """Tell whether node `start` depends on node `goal`."""
        seen, waiting = set(), [start]
        while waiting:
            place = waiting.pop()
            if place == goal:
                return True
            if place not in seen:
                seen.add(place)
                waiting += [arg for derivation in self.nodes[place].derivations for arg in derivation.args]
        return False

    def done(self) -> Graph:
        """Sort the nodes and number nodes and values anew."""
        order: list[int] = []
        for place in range(len(self.nodes)):
            self.visit(place, order)
        new = {place: at for at, place in enumerate(order)}
        values: dict[int, int] = {}
        nodes = [self.moved(self.nodes[place], new, values) for place in order]
        constants = {new[place]: sources for place, sources in self.constants.items()}
        p, m, u = (tuple(new[place] for place in ends) for ends in self.outputs)
        ways = tuple(tuple(new[place] for place in way) for way in self.ways)
        return Graph(tuple(nodes), tuple(new[place] for place in self.inputs), constants, (p, m, u), len(values), ways)

    def visit(self, place: int, order: list[int]) -> None:
        if place in order:
            return
        for derivation in self.nodes[place].derivations:
            for arg in derivation.args:
                self.visit(arg, order)
        order.append(place)

    @staticmethod
    def moved(node: Node, new: Mapping[int, int], values: dict[int, int]) -> Node:
        derivations = [Derivation(old.operation, tuple(new[arg] for arg in old.args), old.own) for old in node.derivations]
        return Node(values.setdefault(node.value, len(values)), node.stage, derivations)
