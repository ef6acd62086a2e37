"""One step of a certified trajectory: exact values and bounds after it from those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.recipe.hyper import Hyperparameters

from .bounds import SYMBOLS, Doubles, Error, Flags, errors_of
from .graph import Graph
from .interval import BITS
from .magnitude import magnitudes
from .numbers import Numbers, evaluate_all
from .permitted import Permitted, exact_by_node
from .ranges import ranges
from .scalars import errors
from .values import Number, apply

_EXACT_STEPS = 8
"""For so many steps exactly representable values are looked for; then the moment has grown longer than any format."""


@final
@dataclass(frozen=True)
class State:
    """Exact values of ``p``, ``m``, ``u``, and how far those of a right program may be off.

    Attributes
    ----------
    values : dict of str to Numbers
        One entry an element.
    errors : mapping of str to array
        Bounds, one entry an element.
    lost : mapping of str to array of bool
        Where there is no bound.
    age : int
        Steps since the start, where everything was exactly known.
    """

    values: dict[str, Numbers]
    errors: Mapping[str, Doubles]
    lost: Mapping[str, Flags]
    age: int = 0

    @property
    def is_blurred(self) -> bool:
        """Whether it no longer pays to look for values that are exactly representable."""
        if self.age < _EXACT_STEPS or any(self.values[name].special for name in SYMBOLS):
            return False
        return bool(np.all((self.errors["m"] > 0) | self.values["m"].column.is_zero))


def advance(permitted: Permitted, h: Hyperparameters, t: int, before: State, grad: Sequence[float]) -> State:
    """Do one step.

    Parameters
    ----------
    permitted : Permitted
        From :func:`permitted_graph` for the same `h`.
    h, t : Hyperparameters, int
        Of the step; the first is 1.
    before : State
        Before the step.
    grad : sequence of float
        Numbers of the storage format.
    """
    graph = permitted.graph
    made, found = analysed(permitted, h, t, before, grad)
    values, lost, after = {}, {}, {}
    for name, places in zip(SYMBOLS, graph.outputs, strict=True):
        values[name] = made[graph.nodes[places[0]].value]
        lost[name] = found[places[0]].lost | np.logical_and.reduce([found[place].lost for place in places])
        after[name] = np.maximum.reduce([np.where(found[place].lost, 0.0, found[place].total) for place in places])
    return State(values, after, lost, before.age + 1)


def analysed(
    permitted: Permitted, h: Hyperparameters, t: int, before: State, grad: Sequence[float]
) -> tuple[dict[int, Numbers], list[Error]]:
    """Return exact values of a step, by number of the value, and the errors of all nodes; those of :func:`advance`.

    Only the outputs are sure to be among the values: nothing else is needed once nothing is exact any more.
    """
    graph = permitted.graph
    exact = exact_by_node(permitted, h, t, BITS)
    off = errors(graph, permitted.dialects, permitted.recipes, h, t, exact)
    whole = permitted.plan
    by_value = {graph.nodes[place].value: number for place, number in exact.items()}
    given = Numbers.of(grad)
    inputs = (before.values["p"], given, before.values["m"], before.values["u"])
    ends = [graph.nodes[places[0]].value for places in graph.outputs]
    quick = not given.special and before.is_blurred
    made, rows = evaluate_all(whole.only(ends) if quick else whole, by_value, inputs)
    sizes = magnitudes({at: made[at] for at in (*by_value, *whole.inputs)} if quick else made, *permitted.formats)
    sizes = ranges(whole, sizes) if quick else sizes
    known = {place: (exact[place], off[place]) for place in exact}
    names = (permitted.formats[0].name, permitted.formats[1].name)
    found = errors_of(graph, sizes, known, before.errors, *names, {} if quick else _parted(graph, rows, len(grad)))
    return made, found


def _parted(graph: Graph, rows: Mapping[int, Sequence[Number]], size: int) -> dict[int, Flags]:
    """Return where derivations of a node disagree on its class; only elements with NaN or infinities need a look."""
    parted: dict[int, Flags] = {}
    for element, row in rows.items():
        if not any(isinstance(x, float) for x in row):
            continue
        for at, node in enumerate(graph.nodes):
            for derivation in node.derivations:
                args = [row[graph.nodes[arg].value] for arg in derivation.args]
                if derivation.operation not in ("round", "flush") and _class(apply(derivation.operation, args)) != _class(
                    row[node.value]
                ):
                    parted.setdefault(at, np.zeros(size, dtype=bool))[element] = True
    return parted


def _class(x: Any) -> str:
    return repr(x) if isinstance(x, float) else "finite"
