"""Certified trajectories: for every step the exact values, correctly rounded, and bounds for right programs.

The exact values are enclosed by intervals whose precision is raised until every rounding is decided; what even then lies on
the middle between two numbers is settled with fractions. Bounds come from :mod:`adamax_ref.exact.bounds`.

NaN and infinities have no distance; they are judged by class. A quantity that is NaN or infinite in every permitted
recipe is that, with bound 0. A quantity of which permitted recipes give different classes, and one that was divided by
something that may be 0, has no answer: certifying it raises :class:`~adamax_ref.exact.values.Undecidable`, or marks it.
A number that outgrows its format is an infinity from then on, and what was computed from it in the same step has no answer.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final

import numpy as np

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import PROFILES, Format

from .bounds import SYMBOLS
from .interval import Column, Doubles
from .permitted import permitted_graph
from .rounding import floor_dyadics, round_dyadics
from .step_bounds import State, advance
from .trajectory import Step as Step
from .trajectory import settle
from .values import Numbers, Undecidable


@final
@dataclass(frozen=True)
class Quantity:
    """Ranges of the right answers for one of ``p``, ``m``, ``u``; an :class:`~adamax_ref.exact.compare.Enclosure`.

    Attributes
    ----------
    exact : Numbers
        The exact values: intervals, or floats that are NaN or infinite.
    true : list of float
        They, rounded once to the storage format.
    bound : list of float
        How far a permitted recipe may be off, rounded up; infinite where nothing can be said.
    """

    exact: Numbers
    true: list[float]
    bound: list[float]
    fmt: Format

    @cached_property
    def lo(self) -> list[float]:
        """Least storable number inside the bound."""
        return self._ends[0]

    @cached_property
    def hi(self) -> list[float]:
        """Greatest storable number inside the bound."""
        return self._ends[1]

    @cached_property
    def _ends(self) -> tuple[list[float], list[float]]:
        """Both at once: the lower end is the upper end of the negative number."""
        true, bound, special = np.array(self.true), np.array(self.bound), self.exact.flags
        if not true.size:
            return [], []
        free = np.isinf(bound) & ~special
        reach = Column.of(np.tile(np.where(special | free, 0.0, bound), 2))
        far = Column.stacked((-self.exact.column, self.exact.column)) + reach
        end = floor_dyadics(far.hi, far.exponent, self.fmt).reshape(2, -1)
        both = np.stack((-true, true))
        ends = np.where(free, np.inf, np.where(special | (both > end), both, end))
        return (-ends[0]).tolist(), ends[1].tolist()


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
    >>> from adamax_ref.recipe.hyper import Hyperparameters
    >>> [first] = certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([1.0], Hyperparameters())])
    >>> first.p.true, first.p.lo, first.p.hi
    ([0.9980000257492065], [0.9979999661445618], [0.9980000257492065])
    """
    _check(PROFILES[profile].storage, {"p": p, "m": m, "u": u} | {f"steps[{at}].grad": step.grad for at, step in enumerate(steps)})
    for at, step in enumerate(steps):
        if not all(map(math.isfinite, (step.hyper.lr, step.hyper.eps, step.hyper.weight_decay))):
            raise ValueError(f"steps[{at}].hyper must be finite to have a true value, not {step.hyper}")
    run = _Run(dialect, profile, {"p": p, "m": m, "u": u}, t, steps, flush=flush, opmath=opmath)
    return list(run.states(undecided))


def _check(fmt: Format, start: Mapping[str, Sequence[float] | None]) -> None:
    size = len(start["p"] or ())
    for name, numbers in start.items():
        if numbers is not None and len(numbers) != size:
            raise ValueError(f"{name} must have as many entries as p, {size}, not {len(numbers)}")
        for at, number in enumerate(numbers or ()):
            if number == number and fmt.round(float(number)) != number:
                raise ValueError(f"{name}[{at}] must be a number of {fmt.name}, not {number!r}; round it first")


@final
class _Run:
    """One trajectory."""

    def __init__(
        self, dialect: Dialect, profile: str, start: Mapping[str, Sequence[float]], t: int, steps: Sequence[Step], **choices: bool
    ) -> None:
        self.dialect, self.profile, self.start, self.t, self.steps, self.choices = dialect, profile, start, t, steps, choices
        self.fmt = PROFILES[profile].storage

    def states(self, undecided: str) -> Iterator[Certified]:
        """Yield the certified state after each step."""
        t, size = self.t, len(self.start["p"])
        state = State(
            {name: Numbers.of(self.start[name]) for name in SYMBOLS},
            {name: np.zeros(size) for name in SYMBOLS},
            {name: np.zeros(size, dtype=bool) for name in SYMBOLS},
        )
        now = self.certified(state, t, 0)
        for at, step in enumerate(self.steps):
            if step.grad is None:
                yield now
                continue
            t += 1
            if size:
                permitted = permitted_graph(self.dialect, self.profile, step.hyper, **self.choices)
                state = advance(permitted, step.hyper, t, state, step.grad)
            now = self.certified(state, t, at + 1)
            if now.undecided and undecided == "raise":
                raise Undecidable(self.why(now, step))
            yield now
            self.settle(state, now)

    def certified(self, state: State, t: int, done: int) -> Certified:
        """Round what is exact."""
        bounds = {name: np.where(state.lost[name], np.inf, state.errors[name]) for name in SYMBOLS}
        true = self.rounded(state, bounds, done)
        p, m, u = (Quantity(state.values[name], true[name], bounds[name].tolist(), self.fmt) for name in SYMBOLS)
        undecided = tuple((name, int(at)) for name in SYMBOLS for at in np.flatnonzero(state.lost[name]))
        return Certified(t, p, m, u, undecided)

    def rounded(self, state: State, bounds: Mapping[str, Doubles], done: int) -> dict[str, list[float]]:
        """Round exact values to storage; where one has no bound, whatever its lower end rounds to."""
        whole = Column.stacked([state.values[name].column for name in SYMBOLS])
        ends = round_dyadics(np.concatenate((whole.lo, whole.hi)), np.tile(whole.exponent, 2), self.fmt)
        low, high = ends.reshape(2, len(SYMBOLS), len(whole) // len(SYMBOLS))
        result: dict[str, list[float]] = {}
        for name, below, above in zip(SYMBOLS, low, high, strict=True):
            numbers, true = state.values[name], below.tolist()
            for at in np.flatnonzero((below != above) & np.isfinite(bounds[name]) & ~numbers.flags).tolist():
                true[at] = settle(self.dialect, self.profile, self.start, self.t, self.steps[:done], name, at)
            for at, x in numbers.special.items():
                true[at] = x
            result[name] = true
        return result

    def settle(self, state: State, now: Certified) -> None:
        """Turn what has certainly overflowed into infinities, and lose what may have, before the next step."""
        for name in SYMBOLS:
            quantity: Quantity = getattr(now, name)
            far = np.abs(quantity.true) + quantity.bound >= self.fmt.largest
            for at in np.flatnonzero(far):
                if math.isinf(quantity.bound[at]):
                    state.errors[name][at] = math.inf
                elif quantity.hi[at] == math.inf or quantity.lo[at] == -math.inf:
                    certain = quantity.lo[at] == quantity.hi[at]
                    state.errors[name][at] = 0.0 if certain else math.inf
                    if certain:
                        state.values[name] = state.values[name].replaced({int(at): quantity.true[at]})

    def why(self, now: Certified, step: Step) -> str:
        """Say what has no answer, and what to do."""
        name, at = now.undecided[0]
        return (
            f"step {now.t}: {name}[{at}] has no certain value in profile {self.profile}: permitted recipes of "
            f"{self.dialect.name!r} differ in class there, or a divisor may be 0 "
            f"(gradient {(step.grad or ())[at]!r}, eps={step.hyper.eps!r}); end the trajectory before it, or mark it"
        )
