"""One step of a certified trajectory: exact values and bounds after it from those before it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.law.hyper import Hyperparameters

from .bounds import SYMBOLS, Doubles, Flags, errors_of
from .graph import Graph
from .interval import Interval
from .magnitude import Magnitude, magnitude, of_constant
from .permitted import Permitted, as_interval, exact_by_node, plan_of
from .ranges import TABLE
from .scalars import errors
from .values import Plan, apply, evaluate, exactly

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
    exact = exact_by_node(permitted, h, t, bits)
    rough = {place: as_interval(number) for place, number in exact.items()}
    off = errors(graph, permitted.dialects, permitted.recipes, h, t, rough)
    whole = plan_of(permitted, rough)
    by_value = {graph.nodes[place].value: number for place, number in exact.items()}
    inputs = (before.values["p"], [exactly(x, bits) for x in grad], before.values["m"], before.values["u"])
    ends = [graph.nodes[places[0]].value for places in graph.outputs]
    quick = all(map(math.isfinite, grad)) and before.is_blurred
    steps = whole.only(ends) if quick else whole
    rows = [evaluate(steps, by_value, one) for one in zip(*inputs, strict=True)]
    sizes = {at: of_constant(as_interval(number), *permitted.formats) for at, number in by_value.items()}
    sizes |= _ranges(whole, inputs, sizes, permitted) if quick else _measured(graph, rows, sizes, permitted)
    known = {place: (rough[place], off[place]) for place in exact}
    names = (permitted.formats[0].name, permitted.formats[1].name)
    found = errors_of(graph, sizes, known, before.errors, *names, {} if quick else _parted(graph, rows))
    lost, after = {}, {}
    for name, places in zip(SYMBOLS, graph.outputs, strict=True):
        lost[name] = found[places[0]].lost | np.logical_and.reduce([found[place].lost for place in places])
        after[name] = np.maximum.reduce([np.where(found[place].lost, 0.0, found[place].total) for place in places])
    return State({name: [row[end] for row in rows] for name, end in zip(SYMBOLS, ends, strict=True)}, after, lost, before.age + 1)


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
