"""Bounds after one step, for exact values as well as for ranges of doubles.

:func:`advance` does one step of a certified trajectory. :func:`bounds_of` bounds millions of elements at once without big
integers: for the narrower formats a range of doubles is thousands of times narrower than the bound, so it serves as the
centre too, and :func:`inside` measures the distance from its farther end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.recipe.hyper import Hyperparameters

from .bounds import SYMBOLS, Doubles, Error, Flags, errors_of
from .constants import errors
from .graph import Graph
from .interval import BITS
from .magnitude import between, magnitudes, ranges
from .permitted import Permitted, exact_by_node
from .values import Number, Numbers, apply, evaluate_all, singles

_EXACT_STEPS = 8
"""For so many steps exactly representable values are looked for; then the moment has grown longer than any format."""


@final
@dataclass(frozen=True)
class State:
    """Exact values of ``p``, ``m``, ``u``, and bounds of the errors of a right program.

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
        """True if no value can be exactly representable any more, so that nobody needs to look."""
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
    exact_values, node_errors = analysed(permitted, h, t, before, grad)
    values, lost, after = {}, {}, {}
    for name, places in zip(SYMBOLS, graph.outputs, strict=True):
        values[name] = exact_values[graph.nodes[places[0]].value]
        lost[name] = node_errors[places[0]].lost | np.logical_and.reduce([node_errors[place].lost for place in places])
        after[name] = np.maximum.reduce([np.where(node_errors[place].lost, 0.0, node_errors[place].total) for place in places])
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
    gradient = Numbers.of(grad)
    inputs = (before.values["p"], gradient, before.values["m"], before.values["u"])
    ends = [graph.nodes[places[0]].value for places in graph.outputs]
    quick = not gradient.special and before.is_blurred
    exact_values, rows = evaluate_all(whole.only(ends) if quick else whole, by_value, inputs)
    sizes = magnitudes({at: exact_values[at] for at in (*by_value, *whole.inputs)} if quick else exact_values, *permitted.formats)
    sizes = ranges(whole, sizes) if quick else sizes
    known = {place: (exact[place], off[place]) for place in exact}
    names = (permitted.formats[0].name, permitted.formats[1].name)
    node_errors = errors_of(graph, sizes, known, before.errors, *names, {} if quick else _parted(graph, rows, len(grad)))
    return exact_values, node_errors


def _parted(graph: Graph, rows: Mapping[int, Sequence[Number]], size: int) -> dict[int, Flags]:
    """Return where derivations of a node disagree on its class; only elements with NaN or infinities need a look."""
    parted: dict[int, Flags] = {}
    for element, row in rows.items():
        if not any(isinstance(x, float) for x in row):
            continue
        for at, node in enumerate(graph.nodes):
            for derivation in node.derivations:
                args = [row[graph.nodes[arg].value] for arg in derivation.args]
                if _class(apply(derivation.operation, args)) != _class(row[node.value]):
                    parted.setdefault(at, np.zeros(size, dtype=bool))[element] = True
    return parted


def _class(x: Any) -> str:
    return repr(x) if isinstance(x, float) else "finite"


@final
@dataclass(frozen=True)
class Bounded:
    """Ranges of the exact values of one quantity, and bounds of permitted recipes.

    Attributes
    ----------
    low, high : array
        Doubles that enclose the exact values.
    bound : array
        Infinite where there is none.
    """

    low: Doubles
    high: Doubles
    bound: Doubles


def bounds_of(
    permitted: Permitted, h: Hyperparameters, t: int, inputs: Mapping[str, Doubles], before: Mapping[str, Doubles] | None = None
) -> dict[str, Bounded]:
    """Return enclosures and bounds of ``p``, ``m``, ``u`` after one step.

    Parameters
    ----------
    permitted : Permitted
        From :func:`adamax_ref.exact.permitted.permitted_graph`.
    h, t : Hyperparameters, int
        Of the step.
    inputs : mapping of str to array
        Doubles ``p``, ``g``, ``m``, ``u`` of one shape, all finite.
    before : mapping of str to array, optional
        Errors of ``p``, ``m``, ``u`` before the step; zero unless given.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> from .permitted import permitted_graph
    >>> torch = get("torch")
    >>> one = {name: np.array([1.0]) for name in "pgmu"}
    >>> made = bounds_of(permitted_graph(torch, "f32", torch.defaults), torch.defaults, 1, one)
    >>> bool(made["u"].low[0] < 1 + 1e-8 < made["u"].high[0])
    True
    """
    graph = permitted.graph
    exact = exact_by_node(permitted, h, t, BITS)
    off = errors(graph, permitted.dialects, permitted.recipes, h, t, exact)
    sizes = magnitudes(singles({graph.nodes[place].value: number for place, number in exact.items()}), *permitted.formats)
    steps = permitted.plan
    sizes |= {at: between(inputs[name], inputs[name]) for at, name in zip(steps.inputs, "pgmu", strict=True)}
    sizes = ranges(steps, sizes)
    zeros = np.zeros_like(inputs["p"])
    known = {place: (exact[place], off[place]) for place in exact}
    names = permitted.formats[0].name, permitted.formats[1].name
    node_errors = errors_of(graph, sizes, known, before or dict.fromkeys(SYMBOLS, zeros), *names, {})
    exact_values = {}
    for name, places in zip(SYMBOLS, graph.outputs, strict=True):
        total = np.maximum.reduce([np.where(node_errors[place].lost, 0.0, node_errors[place].total) for place in places])
        size = sizes[graph.nodes[places[0]].value]
        low, high = (np.broadcast_to(end, zeros.shape) for end in (size.low, size.high))
        exact_values[name] = Bounded(low, high, np.where(node_errors[places[0]].lost, np.inf, total))
    return exact_values


def distance(got: object, allowed: Bounded) -> Doubles:
    """Return how far answers are from the exact values at most, as doubles rounded upwards."""
    numbers = np.asarray(got).astype(np.float64)
    away = np.maximum(np.abs(numbers - allowed.low), np.abs(numbers - allowed.high))
    return np.nextafter(away, np.inf)


def inside(got: object, allowed: Bounded) -> Flags:
    """Tell which answers are certainly within the bound; an exact answer always is.

    Examples
    --------
    >>> inside([1.0, 3.0], Bounded(np.zeros(2), np.zeros(2), np.array([2.0, 2.0]))).tolist()
    [True, False]
    """
    numbers = np.asarray(got).astype(np.float64)
    exact = (allowed.low == numbers) & (allowed.high == numbers)
    flags: Flags = exact | (distance(got, allowed) <= allowed.bound)
    return flags
