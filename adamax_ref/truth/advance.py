"""One step of a certified trajectory: exact values and bounds after it from those before it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, final

import numpy as np

from adamax_ref.dialects._axes import cover
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.profile import Format
from adamax_ref.law.recipe import Recipe

from .bounds import SYMBOLS, Doubles, Flags, errors_of
from .graph import Graph, graph_of
from .interval import Interval
from .magnitude import Magnitude, magnitude
from .ranges import TABLE
from .scalars import errors, exact_constants
from .values import Plan, apply, evaluate, exactly, plan

_EXACT_STEPS = 8
"""For so many steps exactly representable values are looked for; then the moment has grown longer than any format."""


@final
@dataclass(frozen=True)
class State:
    """Exact values of ``p``, ``m``, ``u``, and how far those of a right program may be off.

    Attributes
    ----------
    values : mapping of str to list
        Intervals or fractions; floats are NaN or infinite.
    errors : mapping of str to array
        Bounds, one entry an element.
    lost : mapping of str to array of bool
        Where there is no bound.
    age : int
        Steps since the start, where everything was exactly known.
    """

    values: Mapping[str, list[Any]]
    errors: Mapping[str, Doubles]
    lost: Mapping[str, Flags]
    age: int = 0

    @property
    def is_blurred(self) -> bool:
        """Whether it no longer pays to look for values that are exactly representable."""
        if self.age < _EXACT_STEPS or not all(isinstance(x, Interval) for name in SYMBOLS for x in self.values[name]):
            return False
        zero = [not (x.lo or x.hi) for x in self.values["m"]]
        return bool(np.all((self.errors["m"] > 0) | zero))


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


@lru_cache(maxsize=256)
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
    own, *others = cover(dialect, profile, h.weight_decay != 0)
    if opmath:
        own, *others = [other for other in others if "round=opmath scalars=compute" in other.name] or [own, *others]
    kept = [replace(one, flushes=False) for one in (own, *others)]
    if flush:
        kept += [replace(one, flushes=True) for one in (own, *others)]
    recipes = tuple(one.recipe(h, profile) for one in kept)
    return Permitted(tuple(kept), recipes, graph_of(kept, recipes))


def advance(permitted: Permitted, h: Hyperparameters, t: int, bits: int | None, before: State, grad: Sequence[float]) -> State:
    """Do one step.

    Parameters
    ----------
    permitted : Permitted
        From :func:`permitted_graph` for the same `h`.
    h, t : Hyperparameters, int
        Of the step; the first is 1.
    bits : int or None
        Length of interval ends; None for fractions.
    before : State
        Before the step.
    grad : sequence of float
        Numbers of the storage format.
    """
    graph = permitted.graph
    exact = _constants(permitted, h, t, bits)
    rough = {place: as_interval(number) for place, number in exact.items()}
    off = errors(graph, permitted.dialects, permitted.recipes, h, t, rough)
    whole = _plan(permitted, rough)
    by_value = {graph.nodes[place].value: number for place, number in exact.items()}
    inputs = (before.values["p"], [exactly(x, bits) for x in grad], before.values["m"], before.values["u"])
    ends = [graph.nodes[places[0]].value for places in graph.outputs]
    quick = all(map(math.isfinite, grad)) and before.is_blurred
    steps = whole.only(ends) if quick else whole
    rows = [evaluate(steps, by_value, one) for one in zip(*inputs, strict=True)]
    sizes = {at: magnitude([as_interval(number)], *permitted.formats) for at, number in by_value.items()}
    sizes |= _ranges(whole, inputs, sizes, permitted) if quick else _measured(graph, rows, sizes, permitted)
    known = {place: (rough[place], off[place]) for place in exact}
    names = (permitted.formats[0].name, permitted.formats[1].name)
    found = errors_of(graph, sizes, known, before.errors, *names, {} if quick else _parted(graph, rows))
    lost, after = {}, {}
    for name, places in zip(SYMBOLS, graph.outputs, strict=True):
        lost[name] = found[places[0]].lost | np.logical_and.reduce([found[place].lost for place in places])
        after[name] = np.maximum.reduce([np.where(found[place].lost, 0.0, found[place].total) for place in places])
    return State({name: [row[end] for row in rows] for name, end in zip(SYMBOLS, ends, strict=True)}, after, lost, before.age + 1)


_PLANS: dict[int, tuple[Permitted, Plan]] = {}


def _plan(permitted: Permitted, rough: Mapping[int, Interval]) -> Plan:
    """Return the plan of a graph, made when it is first needed; any constants will do for the sample."""
    if id(permitted) not in _PLANS:
        made = plan(permitted.graph, {place: float(number) for place, number in rough.items()})
        if len(_PLANS) > 512:
            _PLANS.clear()
        _PLANS[id(permitted)] = permitted, made
    return _PLANS[id(permitted)][1]


def _constants(permitted: Permitted, h: Hyperparameters, t: int, bits: int | None) -> dict[int, Any]:
    """Return the exact constants by node, each from the first dialect that forms it."""
    made: dict[int, Mapping[str, Any]] = {}
    exact = {}
    for place, sources in permitted.graph.constants.items():
        source, name = sources[0]
        if source not in made:
            made[source] = exact_constants(permitted.dialects[source], h, t, bits)
        exact[place] = made[source][name]
    return exact


def _measured(graph: Graph, rows: Sequence[Sequence[Any]], known: Mapping[int, Any], permitted: Permitted) -> dict[int, Magnitude]:
    """Measure every value that was evaluated; this also tells which are exactly representable."""
    unknown = (at for at in range(graph.values) if at not in known)
    return {at: magnitude([as_interval(row[at]) for row in rows], *permitted.formats) for at in unknown}


def _ranges(steps: Plan, inputs: Sequence[list[Any]], known: Mapping[int, Magnitude], permitted: Permitted) -> dict[int, Magnitude]:
    """Measure the inputs only, and everything else by ranges: several times faster, once nothing is exact any more."""
    found = dict(known)
    for at, numbers in zip(steps.inputs, inputs, strict=True):
        found[at] = magnitude([as_interval(number) for number in numbers], *permitted.formats)
    with np.errstate(all="ignore"):
        for at, name, args in steps.steps:
            found[at] = TABLE[name](*(found[arg] for arg in args))
    return found


def as_interval(x: Any) -> Any:
    """Turn a fraction into an interval; NaN and infinities stay floats."""
    return x if isinstance(x, float | Interval) else Interval.of(x)


def _parted(graph: Graph, rows: Sequence[Sequence[Any]]) -> dict[int, Flags]:
    """Return where derivations of a node disagree on its class; only elements with NaN or infinities need a look."""
    parted: dict[int, Flags] = {}
    for element, row in enumerate(rows):
        if not any(isinstance(x, float) for x in row):
            continue
        for at, node in enumerate(graph.nodes):
            for derivation in node.derivations:
                args = [row[graph.nodes[arg].value] for arg in derivation.args]
                if derivation.operation not in ("round", "flush") and _class(apply(derivation.operation, args)) != _class(
                    row[node.value]
                ):
                    parted.setdefault(at, np.zeros(len(rows), dtype=bool))[element] = True
    return parted


def _class(x: Any) -> str:
    return repr(x) if isinstance(x, float) else "finite"
