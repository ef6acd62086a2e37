"""Evidence that bounds hold and are tight: observed errors of every permitted recipe, in units of the bound.

Recipes are run side by side, so that hundreds of them cost little more than one. In binary32 and the 16-bit formats exact
values are enclosed by ranges in doubles, in binary64 and along trajectories by intervals of integers. Errors are counted
as at least what they are, so a figure below 1 is a proof.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from adamax_ref.conformance.target import dtype_of
from adamax_ref.exact.certify import Certified, Quantity, Step, certify
from adamax_ref.exact.interval import Doubles
from adamax_ref.exact.magnitude import magnitude
from adamax_ref.exact.permitted import permitted_graph
from adamax_ref.exact.recipe_set import combine
from adamax_ref.exact.step_bounds import bounds_of
from adamax_ref.orders.axes import permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, PROFILES

from .bound_tally import Evidence, InBounds, InSteps, Tally, Yardstick

CHUNK = 50_000
"""Elements that share hyperparameters."""

GENERATIONS = 10
"""Number of moves of a search."""


@final
@dataclass(frozen=True)
class Subject:
    """The subject of the measurement: a dialect in a profile, with or without weight decay.

    Attributes
    ----------
    flush : bool
        Whether recipes that turn subnormal numbers into zeros are permitted, and run, as well.
    """

    dialect: Dialect
    profile: str
    decaying: bool = False
    flush: bool = False

    @cached_property
    def recipes(self) -> tuple[Dialect, ...]:
        """The dialect's own recipe and every permitted one."""
        found = (self.dialect, *permitted(self.dialect, self.profile, self.decaying))
        kinds = (False, True) if self.flush else (False,)
        return tuple(replace(one, flushes=flushes) for flushes in kinds for one in found)


def samples(subject: Subject, draw: np.random.Generator, count: int) -> Iterator[tuple[Hyperparameters, int]]:
    """Yield hyperparameters and step numbers: one for each chunk of elements."""
    for at in range(count):
        beta1, beta2 = [(0.9, 0.999), (0.3, 0.9), (0.99, 0.95), (0.75, 0.5)][at % 4]
        eps = [1e-8, 1e-3, 0.25][at % 3] if "eps" in subject.dialect.options else 0.0
        lr = float(draw.choice([2e-3, 0.05, 0.25]))
        decay = float(draw.choice([0.01, 0.3])) if subject.decaying else 0.0
        lr, beta1, beta2, eps, decay = (float(np.float32(x)) for x in (lr, beta1, beta2, eps, decay))
        yield Hyperparameters(lr, beta1, beta2, eps, decay), int(draw.choice([1, 2, 10, 1000]))


def elements(draw: np.random.Generator, profile: str, count: int) -> dict[str, Doubles]:
    """Return random parameters, gradients and states, numbers of the storage format, as doubles.

    One number in eight comes from the whole range of the format, subnormal ones included; the others are ordinary.
    """
    fmt = PROFILES[profile].storage
    made = {name: ordinary(draw, profile, count) for name in "pgmu"}
    for name, numbers in made.items():
        wide = np.ldexp(draw.uniform(-2, 2, count), draw.integers(fmt.emin - fmt.precision, fmt.emax, count))
        made[name] = np.where(draw.random(count) < 1 / 8, stored(wide, profile), numbers)
    made["u"] = np.abs(made["u"])
    return made


def ordinary(draw: np.random.Generator, profile: str, count: int) -> Doubles:
    """Return random numbers of the storage format, most of them between 1/1000 and 100 in size."""
    return stored(draw.standard_normal(count) * 10.0 ** draw.uniform(-2, 1, count), profile)


def stored(numbers: Doubles, profile: str) -> Doubles:
    """Round doubles to the storage type of a profile."""
    return np.asarray(numbers.astype(dtype_of(profile)).astype(np.float64))


def allowed(subject: Subject, h: Hyperparameters, t: int, inputs: Mapping[str, Doubles]) -> dict[str, Yardstick]:
    """Return the yardsticks of a step: by ranges, or in binary64 by intervals of integers."""
    if subject.profile != "f64":
        permitted = permitted_graph(subject.dialect, subject.profile, h, flush=subject.flush)
        made = bounds_of(permitted, h, t, inputs)
        largest = PROFILES[subject.profile].storage.largest
        return {name: InBounds.below(largest, made[name].low, made[name].high, made[name].bound) for name in "pmu"}
    p, g, m, u = (inputs[name].tolist() for name in "pgmu")
    [now] = certify(subject.dialect, "f64", p, m, u, t - 1, [Step(g, h)], flush=subject.flush, undecided="mark")
    return of_certified(now)


def of_certified(now: Certified) -> dict[str, Yardstick]:
    """Return the yardsticks of a certified state; doubles cannot resolve binary64, there ``lo`` and ``hi`` decide."""
    made: dict[str, Yardstick] = {}
    for name in "pmu":
        quantity: Quantity = getattr(now, name)
        if quantity.fmt is BINARY64:
            made[name] = InSteps(np.array(quantity.lo), np.array(quantity.hi))
        else:
            size = magnitude(quantity.exact, quantity.fmt, quantity.fmt)
            bound = np.where(size.special, np.inf, quantity.bound)
            made[name] = InBounds.below(quantity.fmt.largest, size.low, size.high, bound)
    return made


def random_steps(subject: Subject, count: int, seed: int) -> Evidence:
    """Compare every permitted recipe on random elements."""
    draw, tally = np.random.default_rng(seed), Tally(len(subject.recipes))
    chunks = max(count // CHUNK, 1)
    for h, t in samples(subject, draw, chunks):
        inputs = elements(draw, subject.profile, min(count, CHUNK))
        limits, merged = allowed(subject, h, t, inputs), combine(subject.recipes, subject.profile, h, t)
        results = merged.run(list(inputs.values()))
        tally.add(merged, ((value, limits[merged.results[value]](piece, got.astype(np.float64))) for piece, value, got in results))
    return tally.evidence(subject.dialect.name, subject.profile, _kind("random", subject), chunks * min(count, CHUNK))


def searched_steps(subject: Subject, count: int, seed: int) -> Evidence:
    """Search for inputs with large errors: those that are worst for some recipe survive and are moved a little."""
    draw, tally = np.random.default_rng(seed), Tally(len(subject.recipes))
    size = max(count // GENERATIONS, 10)
    for h, t in samples(subject, draw, 1):
        inputs = elements(draw, subject.profile, size)
        for _ in range(GENERATIONS):
            ratios = _ratios(tally, subject, h, t, inputs)
            best = np.unique([np.argsort(np.nan_to_num(ratio))[-3:] for ratio in ratios])
            inputs = _moved(draw, subject.profile, {name: np.resize(x[best], size) for name, x in inputs.items()})
    return tally.evidence(subject.dialect.name, subject.profile, _kind("searched", subject), size * GENERATIONS)


def _ratios(tally: Tally, subject: Subject, h: Hyperparameters, t: int, inputs: Mapping[str, Doubles]) -> list[Doubles]:
    """Return the errors of every different result."""
    limits, merged = allowed(subject, h, t, inputs), combine(subject.recipes, subject.profile, h, t)
    ratios = {value: np.zeros(len(inputs["p"])) for value in merged.results}
    for piece, value, got in merged.run(list(inputs.values())):
        ratios[value][piece] = limits[merged.results[value]](piece, got.astype(np.float64))
    tally.add(merged, ratios.items())
    return list(ratios.values())


def _moved(draw: np.random.Generator, profile: str, inputs: Mapping[str, Doubles]) -> dict[str, Doubles]:
    """Move numbers by some units in the last place."""
    fmt = PROFILES[profile].storage
    unit = 2.0 ** (1 - fmt.precision)
    moved = {name: x * (1 + draw.integers(-64, 65, x.shape) * unit) for name, x in inputs.items()}
    return {name: stored(np.clip(x, -fmt.largest, fmt.largest), profile) for name, x in moved.items()}


def trajectories(subject: Subject, count: int, length: int, seed: int) -> Evidence:
    """Compare every permitted recipe along `count` trajectories of `length` steps from zero state."""
    draw, tally = np.random.default_rng(seed), Tally(len(subject.recipes))
    [(h, _)] = samples(subject, draw, 1)
    start, grads = ordinary(draw, subject.profile, count), [ordinary(draw, subject.profile, count) for _ in range(length)]
    zeros = [0.0] * count
    steps = [Step(g.tolist(), h) for g in grads]
    certified = certify(
        subject.dialect, subject.profile, start.tolist(), zeros, zeros, 0, steps, flush=subject.flush, undecided="mark"
    )
    arrays, starts = [grads[0], start, np.zeros(count)], [(1, 0, 2, 2)] * len(subject.recipes)
    for now, g in zip(certified, grads, strict=True):
        limits, arrays[0] = of_certified(now), g
        merged = combine(subject.recipes, subject.profile, h, now.t, starts)
        made = {value: got.astype(np.float64) for _, value, got in merged.run(arrays)}
        tally.add(merged, ((value, limits[merged.results[value]](slice(None), got)) for value, got in made.items()))
        place = {value: 1 + at for at, value in enumerate(made)}
        arrays, starts = [g, *made.values()], [(place[p], 0, place[m], place[u]) for p, m, u in merged.outputs]
    return tally.evidence(subject.dialect.name, subject.profile, _kind("trajectories", subject), count * length)


def _kind(words: str, subject: Subject) -> str:
    return words + (", decay" if subject.decaying else "") + (", flush" if subject.flush else "")
