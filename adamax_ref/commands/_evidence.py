"""Are the bounds right, and are they tight? Observed errors of every permitted recipe against the bound.

Recipes are run by the NumPy engine. In binary32 and the 16-bit formats exact values are enclosed by ranges in doubles, in
binary64 by intervals of integers. Errors are counted as at least what they are, so a figure below 1 is a proof.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.dialects._axes import permitted
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.profile import BINARY64, PROFILES
from adamax_ref.truth.batch import Bounded, bounds_of
from adamax_ref.truth.bounds import Doubles
from adamax_ref.truth.certify import Certified, Quantity, Step, certify
from adamax_ref.truth.magnitude import magnitude
from adamax_ref.truth.permitted import permitted_graph
from adamax_ref.truth.power import exact_hyper

Yardstick = Callable[[Doubles], Doubles]
"""Turns answers into errors in units of the bound; where there is no bound the error counts as 0."""

CHUNK = 50_000
GENERATIONS = 10


@final
@dataclass(frozen=True)
class Evidence:
    """What was observed for one dialect, profile and kind of input.

    Attributes
    ----------
    recipes, steps : int
        How many recipes, and steps of single elements for each.
    outside : int
        How many answers lay outside their bound.
    worst, median : mapping of str to float
        Over the recipes, the largest and the median of a recipe's largest error in units of the bound, by quantity.
    """

    dialect: str
    profile: str
    kind: str
    recipes: int
    steps: int
    outside: int
    worst: Mapping[str, float]
    median: Mapping[str, float]


def in_bounds(limits: Bounded, got: Doubles) -> Doubles:
    """Return errors in units of the bound, measured from the farther end of where the exact value may be."""
    away = np.maximum(np.abs(got - limits.low), np.abs(got - limits.high))
    away = np.where((limits.bound == 0) & (limits.low <= got) & (got <= limits.high), 0.0, away)
    with np.errstate(all="ignore"):
        ratio: Doubles = np.where(np.isinf(limits.bound) | (away == 0), 0.0, away / limits.bound)
    return ratio


def in_steps(lo: Doubles, hi: Doubles, got: Doubles) -> Doubles:
    """Return how far answers are from the middle of ``lo`` and ``hi`` in units of half their distance, counted in doubles."""
    low, high, at = (_places(x) for x in (lo, hi, got))
    twice = np.abs((at - low) - (high - at)).astype(np.float64)
    width = (high - low).astype(np.float64)
    with np.errstate(all="ignore"):
        ratio: Doubles = np.where(np.isinf(lo) | np.isinf(hi) | (twice == 0), 0.0, twice / width)
    return ratio


def _places(x: Doubles) -> np.ndarray[Any, np.dtype[np.int64]]:
    bits = np.ascontiguousarray(x).view(np.int64)
    return np.where(bits < 0, -(bits & np.int64(2**63 - 1)), bits)


@final
class Tally:
    """Largest errors in units of the bound, by recipe and quantity."""

    def __init__(self) -> None:
        self.ratios: dict[str, dict[str, float]] = {}
        self.outside = 0

    def add(self, recipe: str, name: str, got: Any, yardstick: Yardstick) -> Doubles:
        """Note the errors of one recipe's answers; return them in units of the bound."""
        ratio = yardstick(np.asarray(got).astype(np.float64))
        mine = self.ratios.setdefault(recipe, {"p": 0.0, "m": 0.0, "u": 0.0})
        mine[name] = max(mine[name], float(ratio.max(initial=0.0)))
        self.outside += int((ratio > 1).sum())
        return ratio

    def evidence(self, dialect: str, profile: str, kind: str, steps: int) -> Evidence:
        """Sum up."""
        columns = {name: [mine[name] for mine in self.ratios.values()] for name in "pmu"}
        worst = {name: max(column) for name, column in columns.items()}
        median = {name: statistics.median(column) for name, column in columns.items()}
        return Evidence(dialect, profile, kind, len(self.ratios), steps, self.outside, worst, median)


def samples(dialect: Dialect, draw: np.random.Generator, count: int) -> Iterator[tuple[Hyperparameters, int]]:
    """Yield hyperparameters and step numbers: one for each chunk of elements."""
    for at in range(count):
        beta1, beta2 = [(0.9, 0.999), (0.3, 0.9), (0.99, 0.95), (0.75, 0.5)][at % 4]
        eps = [1e-8, 1e-3, 0.25][at % 3] if "eps" in dialect.options else 0.0
        lr = float(draw.choice([2e-3, 0.05, 0.25]))
        lr, beta1, beta2, eps = (float(np.float32(x)) for x in (lr, beta1, beta2, eps))
        yield Hyperparameters(lr, beta1, beta2, eps), int(draw.choice([1, 2, 10, 1000]))


def elements(draw: np.random.Generator, profile: str, count: int) -> dict[str, Doubles]:
    """Return random parameters, gradients and states, numbers of the storage format, as doubles."""
    made = {name: draw.standard_normal(count) * 10.0 ** draw.uniform(-2, 1, count) for name in "pgmu"}
    made["u"] = np.abs(made["u"])
    return {name: np.maximum(stored(x, profile).astype(np.float64), 0 if name == "u" else -np.inf) for name, x in made.items()}


def stored(numbers: Any, profile: str) -> Any:
    """Round doubles to the storage type of a profile."""
    if profile == "bf16":
        import ml_dtypes

        return np.asarray(numbers).astype(ml_dtypes.bfloat16)
    return np.asarray(numbers).astype({"f64": np.float64, "f32": np.float32, "f16": np.float16}[profile])


def run(one: Dialect, profile: str, h: Hyperparameters, t: int, inputs: Mapping[str, Doubles]) -> dict[str, Any]:
    """Do one step with the NumPy engine."""
    recipe = one.recipe(h, profile)
    arrays = {name: stored(inputs[name], profile) for name in "pgmu"}
    p, g, m, u = ([arrays[name]] for name in "pgmu")
    made = get_backend("numpy").compile(recipe)(p, g, m, u, [one.scalars(exact_hyper(h), t, recipe)])
    return {name: found for name, (found,) in zip("pmu", made, strict=True)}


def allowed(dialect: Dialect, profile: str, h: Hyperparameters, t: int, inputs: Mapping[str, Doubles]) -> dict[str, Yardstick]:
    """Return the yardsticks of a step: by ranges, or in binary64 by intervals of integers."""
    if profile != "f64":
        made = bounds_of(permitted_graph(dialect, profile, h), h, t, inputs)
        return {name: partial(in_bounds, made[name]) for name in "pmu"}
    p, g, m, u = (inputs[name].tolist() for name in "pgmu")
    [now] = certify(dialect, profile, p, m, u, t - 1, [Step(g, h)], undecided="mark")
    return _of_certified(now)


def _of_certified(now: Certified) -> dict[str, Yardstick]:
    """Return the yardsticks of a certified state; doubles cannot resolve binary64, there ``lo`` and ``hi`` decide."""
    made: dict[str, Yardstick] = {}
    for name in "pmu":
        quantity: Quantity = getattr(now, name)
        if quantity.fmt is BINARY64:
            made[name] = partial(in_steps, np.array(quantity.lo), np.array(quantity.hi))
        else:
            size = magnitude(quantity.exact, quantity.fmt, quantity.fmt)
            made[name] = partial(in_bounds, Bounded(size.low, size.high, np.array(quantity.bound)))
    return made


def random_steps(dialect: Dialect, profile: str, count: int, seed: int) -> Evidence:
    """Compare every permitted recipe on random elements."""
    draw, tally = np.random.default_rng(seed), Tally()
    for h, t in samples(dialect, draw, max(count // CHUNK, 1)):
        inputs = elements(draw, profile, min(count, CHUNK))
        limits = allowed(dialect, profile, h, t, inputs)
        for one in (dialect, *permitted(dialect, profile)):
            _compare(tally, one, profile, h, t, inputs, limits)
    return tally.evidence(dialect.name, profile, "random", max(count // CHUNK, 1) * min(count, CHUNK))


def _compare(tally: Tally, one: Dialect, profile: str, h: Hyperparameters, t: int, inputs: Any, limits: Any) -> Doubles:
    with np.errstate(all="ignore"):
        got = run(replace(one, flushes=False), profile, h, t, inputs)
    ratios: Doubles = np.maximum.reduce([tally.add(one.name, name, got[name], limits[name]) for name in "pmu"])
    return ratios


def searched_steps(dialect: Dialect, profile: str, count: int, seed: int) -> Evidence:
    """Search for inputs with large errors: those that are worst for some recipe survive and are moved a little."""
    draw, tally = np.random.default_rng(seed), Tally()
    size = max(count // GENERATIONS, 10)
    recipes = (dialect, *permitted(dialect, profile))
    for h, t in samples(dialect, draw, 1):
        inputs = elements(draw, profile, size)
        for _ in range(GENERATIONS):
            limits = allowed(dialect, profile, h, t, inputs)
            ratios = [_compare(tally, one, profile, h, t, inputs, limits) for one in recipes]
            best = np.unique([np.argsort(ratio)[-3:] for ratio in ratios])
            inputs = _moved(draw, profile, {name: np.resize(x[best], size) for name, x in inputs.items()})
    return tally.evidence(dialect.name, profile, "searched", size * GENERATIONS)


def _moved(draw: np.random.Generator, profile: str, inputs: Mapping[str, Doubles]) -> dict[str, Doubles]:
    """Move numbers by some units in the last place."""
    unit = 2.0 ** (1 - PROFILES[profile].storage.precision)
    moved = {name: x * (1 + draw.integers(-64, 65, x.shape) * unit) for name, x in inputs.items()}
    return {name: stored(x, profile).astype(np.float64) for name, x in moved.items()}


def trajectories(dialect: Dialect, profile: str, count: int, length: int, seed: int, every: int = 1) -> Evidence:
    """Compare every permitted recipe along `count` trajectories of `length` steps from zero state."""
    draw, tally = np.random.default_rng(seed), Tally()
    [(h, _)] = samples(dialect, draw, 1)
    start = elements(draw, profile, count)["p"]
    grads = [elements(draw, profile, count)["g"] for _ in range(length)]
    zeros = [0.0] * count
    steps = [Step(g.tolist(), h) for g in grads]
    certified = certify(dialect, profile, start.tolist(), zeros, zeros, 0, steps, undecided="mark")
    limits = {t: _of_certified(certified[t - 1]) for t in range(every, length + 1, every)}
    for one in (dialect, *permitted(dialect, profile)):
        _follow(tally, replace(one, flushes=False), profile, h, start, grads, limits)
    return tally.evidence(dialect.name, profile, "trajectories", count * length)


def _follow(
    tally: Tally,
    one: Dialect,
    profile: str,
    h: Hyperparameters,
    start: Doubles,
    grads: Sequence[Doubles],
    limits: Mapping[int, Mapping[str, Yardstick]],
) -> None:
    state = {"p": start, "m": np.zeros_like(start), "u": np.zeros_like(start)}
    for t, g in enumerate(grads, 1):
        with np.errstate(all="ignore"):
            made = run(one, profile, h, t, state | {"g": g})
        state = {name: np.asarray(x).astype(np.float64) for name, x in made.items()}
        for name in "pmu" if t in limits else "":
            tally.add(one.name, name, state[name], limits[t][name])
