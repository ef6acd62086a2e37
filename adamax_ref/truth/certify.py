"""Certified trajectories: for every step the exact values, correctly rounded, and how far a right program may be off.

The exact values are enclosed by intervals whose precision is raised until every rounding is decided; what even then lies on
the middle between two numbers is settled with fractions. Bounds come from :mod:`adamax_ref.truth.bounds`.

NaN and infinities have no distance; they are judged by class. A quantity that is NaN or infinite in every permitted
recipe is that, with bound 0. A quantity of which permitted recipes give different classes, and one that was divided by
something that may be 0, has no answer: certifying it raises :class:`~adamax_ref.truth.values.Undecidable`, or marks it.
A number that outgrows its format is an infinity from then on, and what was computed from it in the same step has no answer.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, final

import numpy as np

from adamax_ref.dialects._axes import cover
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.profile import PROFILES, Format
from adamax_ref.law.recipe import Recipe

from .bounds import SYMBOLS, Doubles, Flags, errors_of
from .graph import Graph, graph_of
from .interval import BITS, Interval
from .magnitude import magnitude
from .rounding import floor_dyadic, overflow, round_dyadic
from .scalars import errors, exact_constants
from .values import Plan, Undecidable, apply, evaluate, exactly, plan

MOST_BITS = 4096
"""Beyond this length of the interval ends a rounding that is not decided is taken for a tie, and fractions are used."""


class _Blurred(Exception):
    """A rounding is not decided at this precision."""


@final
@dataclass(frozen=True)
class Step:
    """One step to certify: the gradient, one number an element, or None for a skipped step; and its hyperparameters."""

    grad: Sequence[float] | None
    hyper: Hyperparameters


@final
@dataclass(frozen=True)
class Quantity:
    """Where the right answers for one of ``p``, ``m``, ``u`` lie; an :class:`~adamax_ref.truth.compare.Enclosure`.

    Attributes
    ----------
    exact : list of Interval or float
        The exact values; floats are NaN or infinite.
    true : list of float
        They, rounded once to the storage format.
    bound : list of float
        How far a permitted recipe may be off, rounded up; infinite where nothing can be said.
    """

    exact: list[Any]
    true: list[float]
    bound: list[float]
    fmt: Format

    @cached_property
    def lo(self) -> list[float]:
        """Least storable number inside the bound."""
        return [-end for end in self._ends(-1)]

    @cached_property
    def hi(self) -> list[float]:
        """Greatest storable number inside the bound."""
        return list(self._ends(1))

    def _ends(self, way: int) -> Iterator[float]:
        for x, true, bound in zip(self.exact, self.true, self.bound, strict=True):
            if isinstance(x, float) or math.isinf(bound):
                yield true * way if isinstance(x, float) else math.inf
                continue
            far = (x if way > 0 else -x) + bound
            yield max(floor_dyadic(far.hi, far.exponent, self.fmt), true * way)


@final
@dataclass(frozen=True)
class Certified:
    """The state after a step.

    Attributes
    ----------
    t : int
        Number of steps done, skipped ones not counted.
    p, m, u : Quantity
        What the step must have produced.
    undecided : tuple of (str, int)
        Quantities and elements about which nothing can be said; their bounds are infinite.
    """

    t: int
    p: Quantity
    m: Quantity
    u: Quantity
    undecided: tuple[tuple[str, int], ...] = ()


def certify(
    dialect: Dialect,
    profile: str,
    p: Sequence[float],
    m: Sequence[float],
    u: Sequence[float],
    t: int,
    steps: Sequence[Step],
    *,
    flush: bool = False,
    opmath: bool = False,
    undecided: Literal["raise", "mark"] = "raise",
) -> list[Certified]:
    """Return the certified state after each step.

    Parameters
    ----------
    dialect : Dialect
        Which function; its family's permitted recipes are what the bound is for.
    profile : str
        Number formats; complex numbers are given as their parts.
    p, m, u : sequence of float
        Parameters and state before the first step, numbers of the storage format, one each for an element.
    t : int
        Number of steps done before.
    steps : sequence of Step
        What to do.
    flush : bool
        Whether recipes may turn subnormal numbers into zeros.
    opmath : bool
        In 16-bit profiles: admit only recipes that round to the storage format once, at the end.
    undecided : {"raise", "mark"}
        What to do about a quantity without an answer.

    Raises
    ------
    Undecidable
        When a quantity has no answer, unless it is to be marked.
    ValueError
        When lengths differ, a hyperparameter is infinite, or a number is not one of the storage format.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> [first] = certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([1.0], Hyperparameters())])
    >>> first.p.true, first.p.lo, first.p.hi
    ([0.9980000257492065], [0.9979999661445618], [0.9980000257492065])
    """
    _check(PROFILES[profile].storage, {"p": p, "m": m, "u": u} | {f"steps[{at}].grad": step.grad for at, step in enumerate(steps)})
    for at, step in enumerate(steps):
        if not all(map(math.isfinite, (step.hyper.lr, step.hyper.eps, step.hyper.weight_decay))):
            raise ValueError(f"steps[{at}].hyper must be finite to have a true value, not {step.hyper}")
    bits: int | None = BITS
    while True:
        run = _Run(dialect, profile, t, flush, opmath, bits)
        try:
            return list(run.states({"p": p, "m": m, "u": u}, steps, undecided))
        except _Blurred:
            bits = None if bits is None or bits >= MOST_BITS else 2 * bits


def _check(fmt: Format, given: Mapping[str, Sequence[float] | None]) -> None:
    size = len(given["p"] or ())
    for name, numbers in given.items():
        if numbers is not None and len(numbers) != size:
            raise ValueError(f"{name} must have as many entries as p, {size}, not {len(numbers)}")
        for at, number in enumerate(numbers or ()):
            if number == number and fmt.round(float(number)) != number:
                raise ValueError(f"{name}[{at}] must be a number of {fmt.name}, not {number!r}; round it first")


@lru_cache(maxsize=256)
def _merged(
    dialect: Dialect, profile: str, h: Hyperparameters, flush: bool, opmath: bool
) -> tuple[tuple[Dialect, ...], tuple[Recipe, ...], Graph]:
    """Return the permitted recipes for these hyperparameters, and their graph; the dialect's own is the first."""
    own, *others = cover(dialect, profile, h.weight_decay != 0)
    if opmath:
        own, *others = [other for other in others if "round=opmath scalars=compute" in other.name] or [own, *others]
    kept = [replace(one, flushes=False) for one in (own, *others)]
    if flush:
        kept += [replace(one, flushes=True) for one in (own, *others)]
    recipes = tuple(one.recipe(h, profile) for one in kept)
    return tuple(kept), recipes, graph_of(kept, recipes)


@final
class _Run:
    """One pass at one precision."""

    def __init__(self, dialect: Dialect, profile: str, t: int, flush: bool, opmath: bool, bits: int | None) -> None:
        self.dialect, self.profile, self.t, self.flush, self.opmath, self.bits = dialect, profile, t, flush, opmath, bits
        self.fmt = PROFILES[profile].storage
        self.plans: dict[int, tuple[Graph, Plan]] = {}

    def states(self, given: Mapping[str, Sequence[float]], steps: Sequence[Step], undecided: str) -> Iterator[Certified]:
        state = {name: [exactly(x, self.bits) for x in numbers] for name, numbers in given.items()}
        before = {name: np.zeros(len(numbers)) for name, numbers in given.items()}
        now = self.certified(state, before, {name: np.zeros(len(given[name]), dtype=bool) for name in SYMBOLS})
        for step in steps:
            if step.grad is not None:
                self.t += 1
                if not step.grad:
                    now = replace(now, t=self.t)
                    yield now
                    continue
                state, before, lost = self.stepped(state, before, step.grad, step.hyper)
                now = self.certified(state, before, lost)
                if now.undecided and undecided == "raise":
                    raise Undecidable(self.why(now, step))
                state, before = self.settled(state, before, now)
            yield now

    def stepped(
        self, state: Mapping[str, list[Any]], before: Mapping[str, Doubles], grad: Sequence[float], h: Hyperparameters
    ) -> tuple[dict[str, list[Any]], dict[str, Doubles], dict[str, Flags]]:
        dialects, recipes, graph = _merged(self.dialect, self.profile, h, self.flush, self.opmath)
        exact = self.constants(graph, dialects, h)
        rough = {place: _interval(number) for place, number in exact.items()}
        off = errors(graph, dialects, recipes, h, self.t, rough)
        if id(graph) not in self.plans:
            self.plans[id(graph)] = graph, plan(graph, {place: float(number) for place, number in rough.items()})
        steps = self.plans[id(graph)][1]
        by_value = {graph.nodes[place].value: number for place, number in exact.items()}
        gradient = [exactly(x, self.bits) for x in grad]
        rows = [evaluate(steps, by_value, one) for one in zip(state["p"], gradient, state["m"], state["u"], strict=True)]
        working, storage = recipes[0].working_format, recipes[0].storage_format
        columns = (
            [[_interval(row[at]) for row in rows] for at in range(graph.values)] if rows else [[] for _ in range(graph.values)]
        )
        sizes = [magnitude(columns[at][:1] if at in by_value else columns[at], working, storage) for at in range(graph.values)]
        known = {place: (rough[place], off[place]) for place in exact}
        found = errors_of(graph, sizes, known, before, working.name, storage.name, _parted(graph, rows))
        new, after, lost = {}, {}, {}
        for name, ends in zip(SYMBOLS, graph.outputs, strict=True):
            new[name] = [row[graph.nodes[ends[0]].value] for row in rows]
            gone = [found[end].lost for end in ends]
            lost[name] = gone[0] | np.logical_and.reduce(gone)
            after[name] = np.maximum.reduce([np.where(found[end].lost, 0.0, found[end].total) for end in ends])
        return new, after, lost

    def constants(self, graph: Graph, dialects: Sequence[Dialect], h: Hyperparameters) -> dict[int, Any]:
        """Return the exact constants by node, each from the first dialect that forms it."""
        made: dict[int, Mapping[str, Any]] = {}
        exact = {}
        for place, sources in graph.constants.items():
            source, name = sources[0]
            if source not in made:
                made[source] = exact_constants(dialects[source], h, self.t, self.bits)
            exact[place] = made[source][name]
        return exact

    def certified(self, state: Mapping[str, list[Any]], errors: Mapping[str, Doubles], lost: Mapping[str, Flags]) -> Certified:
        made = {}
        for name in SYMBOLS:
            bound = np.where(lost[name], np.inf, errors[name]).tolist()
            true = [self.rounded(x, math.isinf(bound[at])) for at, x in enumerate(state[name])]
            made[name] = Quantity([_interval(x) for x in state[name]], true, bound, self.fmt)
        undecided = tuple((name, int(at)) for name in SYMBOLS for at in np.flatnonzero(lost[name]))
        return Certified(self.t, made["p"], made["m"], made["u"], undecided)

    def rounded(self, x: Any, lost: bool) -> float:
        """Round an exact value to storage; where it has no bound, whatever its lower end rounds to."""
        if isinstance(x, float):
            return x
        if not isinstance(x, Interval):
            from .rounding import round_exact

            return round_exact(x, self.fmt)
        low = round_dyadic(x.lo, x.exponent, self.fmt)
        if not lost and not x.is_point and low != round_dyadic(x.hi, x.exponent, self.fmt):
            raise _Blurred
        return low

    def settled(
        self, state: dict[str, list[Any]], errors: dict[str, Doubles], now: Certified
    ) -> tuple[dict[str, list[Any]], dict[str, Doubles]]:
        """Turn what has certainly overflowed into infinities, and lose what may have, before the next step."""
        for name in SYMBOLS:
            quantity: Quantity = getattr(now, name)
            for at, bound in enumerate(quantity.bound):
                x = quantity.exact[at]
                if math.isinf(bound):
                    errors[name][at] = math.inf
                elif not isinstance(x, float) and _outgrown(x, bound, self.fmt):
                    certain = quantity.lo[at] == quantity.hi[at]
                    state[name][at] = quantity.true[at] if certain else state[name][at]
                    errors[name][at] = 0.0 if certain else math.inf
        return state, errors

    def why(self, now: Certified, step: Step) -> str:
        name, at = now.undecided[0]
        return (
            f"step {now.t}: {name}[{at}] has no certain value in profile {self.profile}: permitted recipes of "
            f"{self.dialect.name!r} differ in class there, or a divisor may be 0 (gradient {(step.grad or ())[at]!r}, eps={step.hyper.eps!r}); "
            "end the trajectory before it, or mark it"
        )


def _interval(x: Any) -> Any:
    return x if isinstance(x, float | Interval) else Interval.of(x)


def _outgrown(x: Interval, bound: float, fmt: Format) -> bool:
    return abs(float(x)) + bound >= min(float(overflow(fmt)) if fmt.precision < 53 else math.inf, fmt.largest)


def _parted(graph: Graph, rows: Sequence[Sequence[Any]]) -> dict[int, Flags]:
    """Return where derivations of a node disagree on its class; only elements with NaN or infinities need a look."""
    parted: dict[int, Flags] = {}
    for element, row in enumerate(rows):
        if not any(isinstance(x, float) for x in row):
            continue
        for at, node in enumerate(graph.nodes):
            wanted = _class(row[node.value])
            for derivation in node.derivations:
                args = [row[graph.nodes[arg].value] for arg in derivation.args]
                if derivation.operation not in ("round", "flush") and _class(apply(derivation.operation, args)) != wanted:
                    parted.setdefault(at, np.zeros(len(rows), dtype=bool))[element] = True
    return parted


def _class(x: Any) -> str:
    return repr(x) if isinstance(x, float) else "finite"
