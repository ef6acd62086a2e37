"""The permitted recipes for given hyperparameters: their graph, a plan of evaluation, and exact constants."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, final

from adamax_ref.orders.axes import cover
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import Format
from adamax_ref.recipe.recipe import Recipe

from .constants import exact_constants
from .graph import Derivation, Graph, Plan, graph_of
from .interval import BITS
from .stepper import operations

_IEEE = operations("binary64", "binary64")
SAMPLE = Hyperparameters(lr=2e-3, weight_decay=1e-2)
"""Of the step at which a plan is chosen: usual numbers, none of them zero, so that every constant weighs something."""


@final
@dataclass(frozen=True)
class Permitted:
    """The recipes that count as right under given hyperparameters, as a graph; the dialect's own is the first."""

    dialects: tuple[Dialect, ...]
    recipes: tuple[Recipe, ...]
    graph: Graph

    @property
    def formats(self) -> tuple[Format, Format]:
        """Working and storage format."""
        return self.recipes[0].working_format, self.recipes[0].storage_format

    @cached_property
    def plan(self) -> Plan:
        """An order of evaluation; independent of the first step that uses it, so that results do not depend on history."""
        constants = exact_by_node(self, SAMPLE, 1, BITS)
        return plan(self.graph, {place: float(number) for place, number in constants.items()})


@lru_cache(maxsize=4096)
def permitted_graph(dialect: Dialect, profile: str, h: Hyperparameters, flush: bool = False, opmath: bool = False) -> Permitted:
    """Return the permitted recipes for these hyperparameters.

    Parameters
    ----------
    dialect : Dialect
        Whose family decides.
    profile : str
        Number formats.
    h : Hyperparameters
        They decide on conditions such as whether there is decay.
    flush : bool
        Whether recipes that turn subnormal numbers into zeros are permitted as well.
    opmath : bool
        Whether, in 16 bits, only recipes that round to storage at the end are permitted.
    """
    selected = _kept(dialect, profile, h.weight_decay != 0, flush, opmath)
    return _permitted(selected, tuple(one.recipe(h, profile) for one in selected))


@lru_cache(maxsize=1024)
def _kept(dialect: Dialect, profile: str, decaying: bool, flush: bool, opmath: bool) -> tuple[Dialect, ...]:
    own, *others = cover(dialect, profile, decaying)
    if opmath:
        own, *others = [other for other in others if "round=opmath scalars=compute" in other.name] or [own, *others]
    selected = tuple(replace(one, flushes=False) for one in (own, *others))
    return selected + tuple(replace(one, flushes=True) for one in (own, *others)) if flush else selected


@lru_cache(maxsize=1024)
def _permitted(dialects: tuple[Dialect, ...], recipes: tuple[Recipe, ...]) -> Permitted:
    return Permitted(dialects, recipes, graph_of(dialects, recipes))


def exact_by_node(permitted: Permitted, h: Hyperparameters, t: int, bits: int | None) -> dict[int, Any]:
    """Return the exact constants by node, each from the first dialect that forms it."""
    by_source: dict[int, Mapping[str, Any]] = {}
    exact = {}
    for place, sources in permitted.graph.constants.items():
        source, name = sources[0]
        if source not in by_source:
            by_source[source] = exact_constants(permitted.dialects[source], h, t, bits)
        exact[place] = by_source[source][name]
    return exact


def plan(graph: Graph, constants: Mapping[int, float]) -> Plan:
    """Choose for every value the derivation that widens intervals least, judged at a sample point.

    Parameters
    ----------
    graph : Graph
        See :func:`adamax_ref.exact.graph.graph_of`.
    constants : mapping of int to float
        Roughly the value of each constant node.
    """
    size: dict[int, tuple[float, float]] = {}
    for place, sample in zip(graph.inputs, (1.0, 0.7, 0.3, 0.9), strict=True):
        size[graph.nodes[place].value] = (sample, 1.0)
    size |= {graph.nodes[place].value: (number, 0.0) for place, number in constants.items()}
    steps = []
    for node in graph.nodes:
        if node.value in size:
            continue
        best = min(node.derivations, key=lambda derivation: _radius(derivation, graph, size)[0])
        radius, at = _radius(best, graph, size)
        size[node.value] = (at, radius)
        steps.append((node.value, best.operation, tuple(graph.nodes[arg].value for arg in best.args)))
    return Plan(tuple(steps), tuple(graph.nodes[place].value for place in graph.inputs), graph.values)


def _radius(derivation: Derivation, graph: Graph, size: Mapping[int, tuple[float, float]]) -> tuple[float, float]:
    """Return how wide an operation makes its result when its operands are as wide as they are, and the result."""
    args = [size[graph.nodes[arg].value] for arg in derivation.args]
    numbers = [x for x, _ in args]
    at = float(_IEEE[derivation.operation](*numbers))
    if derivation.operation == "fma":
        (a, ra), (b, rb), (_, rc) = args
        return abs(a) * rb + abs(b) * ra + rc, at
    if derivation.operation in ("mul", "div"):
        (a, ra), (b, rb) = args
        return (abs(a) * rb + abs(b) * ra if derivation.operation == "mul" else (ra + abs(at) * rb) / max(abs(b), 1e-300)), at
    return sum(radius for _, radius in args), at
