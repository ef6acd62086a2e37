"""The permitted recipes of a dialect as one graph, in which equal values are one node.

A *value* is a real function of inputs and constants; :mod:`adamax_ref.exact.residue` tells which are equal. A *node* is a
value at one stage of rounding: as an operation left it, after a ``flush``, or after a store to the storage type. Each node
lists its *derivations*, the different operations by which permitted recipes arrive at it. Whatever holds for every
derivation of every node holds for every permitted recipe, and a few dozen derivations stand for hundreds of recipes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import Unrounded
from adamax_ref.recipe.recipe import INPUTS, Recipe

from .residue import TABLE, Residue, point

_SAMPLE_STEP = 3
_STAGE = {"round": "stored", "flush": "flushed"}
_KEEPS_STAGE = ("neg", "abs", "max", "greater")


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
    made = dialect.constants(SimpleNamespace(**numbers, maximize=False), _SAMPLE_STEP, Unrounded())
    return {name: Residue(number) for name, number in made.items()}


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
            residue = TABLE[operation.name](*(known[arg][0] for arg in operation.args))
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
