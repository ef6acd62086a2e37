"""Do both oracles agree? Random steps over every dialect and profile, from subnormal to nearly overflowing inputs."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from adamax_ref.dialects import get, names
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format

from .exact import Step, true_steps

BATCH = 50
"""Elements that share hyperparameters and step number."""


@final
@dataclass(frozen=True)
class Disagreement:
    """A step of one element of which two oracles think differently."""

    dialect: str
    profile: str
    hyper: Hyperparameters
    t: int
    inputs: tuple[float, float, float, float]
    quantity: str
    first: float
    second: float


def batches(seed: int, dialects: Sequence[str] = ()) -> Iterator[tuple[Dialect, str, Hyperparameters, int, list[list[float]]]]:
    """Yield random batches for ever, going round all dialects and profiles: the columns are p, g, m, u.

    A third of the numbers are random bit patterns, a third come from the ends of the range, the rest are ordinary.
    """
    draw = random.Random(seed)
    while True:
        for name in dialects or names():
            dialect = get(name)
            for profile in dialect.profiles:
                h = hyperparameters(draw, dialect)
                rows = [_row(draw, PROFILES[profile].storage, h) for _ in range(BATCH)]
                yield dialect, profile, h, draw.choice((1, 2, 7, 100, 3000)), [list(column) for column in zip(*rows, strict=True)]


def hyperparameters(draw: random.Random, dialect: Dialect) -> Hyperparameters:
    """Return random hyperparameters that a dialect takes, with and without decay, with few digits and with many."""
    eps = draw.choice((1e-8, 1e-3, 0.25, draw.random())) if "eps" in dialect.options else 0.0
    decay = draw.choice((0.0, 0.01, draw.random())) if dialect.options & {"l2", "decoupled"} else 0.0
    maximize = "maximize" in dialect.options and draw.random() < 0.3
    betas = draw.choice((0.9, 0.5, 0.0, draw.random())), draw.choice((0.999, 0.875, 0.0, draw.random()))
    made = Hyperparameters(draw.choice((2e-3, 0.25, 1e-30, 10.0, draw.random())), *betas, eps, decay)
    return replace(made, maximize=maximize)


def _row(draw: random.Random, fmt: Format, h: Hyperparameters) -> tuple[float, float, float, float]:
    """Return an element whose divisor does not become 0."""
    p, g, m, u = (_number(draw, fmt) for _ in range(4))
    if h.eps == 0 and h.beta2 == 0:
        g = g or fmt.smallest
    return p, g, m, abs(u) or fmt.smallest


def _number(draw: random.Random, fmt: Format) -> float:
    kind = draw.randrange(6)
    if kind < 2:
        x = fmt.decode(draw.getrandbits(fmt.width))
        return x if abs(x) <= fmt.largest else 1.0
    if kind == 2:
        return draw.choice((0.0, fmt.smallest, -fmt.smallest_normal, fmt.smallest_normal - fmt.smallest, 1.0, -fmt.largest))
    if kind == 3:
        return fmt.round(draw.uniform(-4, 4) * fmt.smallest_normal)
    return fmt.round(draw.gauss(0, 1))


Oracle = Callable[..., list[dict[str, list[float]]]]


def disagreements(
    count: int, seed: int, first: Oracle = true_steps, second: Oracle | None = None
) -> tuple[int, list[Disagreement]]:
    """Compare two oracles on at least `count` steps of single elements.

    Parameters
    ----------
    count, seed : int
        How many, and where the random numbers start.
    first, second : callable
        As :func:`adamax_ref.exact.exact.true_steps`; the second is Arb's unless another one is given.

    Returns
    -------
    int, list of Disagreement
        How many steps were compared, and where the two differ.

    Examples
    --------
    >>> disagreements(50, seed=1)
    (50, [])
    """
    if second is None:
        from . import arb

        second = arb.true_steps
    done, found = 0, []
    for dialect, profile, h, t, (p, g, m, u) in batches(seed):
        if done >= count:
            break
        steps = [Step(g, h)]
        given = {"p": p, "m": m, "u": u}
        [one], [other] = first(dialect, profile, given, t - 1, steps), second(dialect, profile, given, t - 1, steps)
        for name in "pmu":
            for at, (x, y) in enumerate(zip(one[name], other[name], strict=True)):
                if x != y:
                    found.append(Disagreement(dialect.name, profile, h, t, (p[at], g[at], m[at], u[at]), name, x, y))
        done += BATCH
    return done, found
