"""Bounds for millions of elements at once, from ranges in doubles alone.

For the narrower formats a range in doubles encloses the exact value thousands of times more narrowly than the bound is wide.
So it serves as the centre as well: :func:`inside` asks for a distance from its farther end. That proves that an answer is
within the bound without a single big integer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from adamax_ref.recipe.hyper import Hyperparameters

from .bounds import SYMBOLS, Doubles, Flags, errors_of
from .interval import BITS
from .magnitude import magnitudes
from .numbers import singles
from .permitted import Permitted, exact_by_node
from .ranges import between, ranges
from .scalars import errors


@final
@dataclass(frozen=True)
class Bounded:
    """Where the exact values of one quantity lie, and how far a permitted recipe may be off.

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
    found = errors_of(graph, sizes, known, before or dict.fromkeys(SYMBOLS, zeros), *names, {})
    made = {}
    for name, places in zip(SYMBOLS, graph.outputs, strict=True):
        total = np.maximum.reduce([np.where(found[place].lost, 0.0, found[place].total) for place in places])
        size = sizes[graph.nodes[places[0]].value]
        low, high = (np.broadcast_to(end, zeros.shape) for end in (size.low, size.high))
        made[name] = Bounded(low, high, np.where(found[places[0]].lost, np.inf, total))
    return made


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
