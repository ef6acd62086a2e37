"""Exact values by Arb's ball arithmetic (python-flint), independent of :mod:`adamax_ref.exact.trajectory`.

Both oracles share the traced recipe, the constants and the last rounding, and no arithmetic: sums, products, quotients
and powers are Arb's here. Precision is raised until the rounding is decided; where 2048 bits do not decide it, the value
is a tie or exactly representable, and python-flint's fractions settle it. :func:`disagreements` compares both oracles on
random steps of every dialect and profile, from subnormal to nearly overflowing inputs.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.dialects import get, names
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format, Unrounded
from adamax_ref.recipe.recipe import Recipe

from .rounding import round_dyadic, round_ratio
from .trajectory import Step, true_steps

FIRST_BITS = 128
MOST_BITS = 2048

_FREE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": lambda a, b, c: a * b + c,
    "neg": lambda a: -a,
    "abs": abs,
    "round": lambda a: a,
    "flush": lambda a: a,
}
_BALLS = _FREE | {"max": lambda a, b: a.max(b), "greater": lambda a, b: a.max(b)}
_FRACTIONS = _FREE | {"max": max, "greater": max}


def arb_steps(
    dialect: Dialect, profile: str, start: Mapping[str, Sequence[float]], t: int, steps: Sequence[Step]
) -> list[dict[str, list[float]]]:
    """Return the correctly rounded ``p``, ``m``, ``u`` after each step, as :func:`~adamax_ref.exact.trajectory.true_steps` does.

    Parameters
    ----------
    dialect, profile, t, steps : Dialect, str, int, sequence of Step
        Which steps.
    start : mapping of str to sequence of float
        ``p``, ``m``, ``u`` before the first step; all numbers are finite and no divisor becomes 0.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> start = {"p": [1.0], "m": [0.0], "u": [0.0]}
    >>> arb_steps(get("torch"), "f32", start, 0, [Step([1.0], Hyperparameters())])
    [{'p': [0.9980000257492065], 'm': [0.10000000149011612], 'u': [1.0]}]
    """
    flint, fmt, size = _flint(), PROFILES[profile].storage, len(start["p"])
    results = [{name: [None] * size for name in "pmu"} for _ in steps]
    undecided = list(range(size))
    bits = FIRST_BITS
    while undecided and bits <= MOST_BITS:
        with flint.ctx.workprec(bits):
            undecided = _filled(
                results, dialect, profile, start, t, steps, undecided, _BALLS, flint.arb, lambda x: _rounded(x, fmt)
            )
        bits *= 2
    _filled(
        results, dialect, profile, start, t, steps, undecided, _FRACTIONS, _fraction, lambda x: round_ratio(int(x.p), int(x.q), fmt)
    )
    return results  # type: ignore[return-value]


def _filled(
    results: list[dict[str, list[Any]]],
    dialect: Dialect,
    profile: str,
    start: Mapping[str, Sequence[float]],
    t: int,
    steps: Sequence[Step],
    elements: Sequence[int],
    table: Mapping[str, Callable[..., Any]],
    number: Callable[[float], Any],
    rounded: Callable[[Any], float | None],
) -> list[int]:
    """Write down what one kind of number decides; return the elements of which something is left open."""
    states = {at: [number(start[name][at]) for name in "pmu"] for at in elements}
    undecided = set()
    for place, step in enumerate(steps):
        t += step.grad is not None
        recipe = dialect.recipe(step.hyper, profile)
        constants = _constants(dialect, step.hyper, t, recipe, number) if elements and step.grad is not None else {}
        for at, (p, m, u) in states.items():
            if step.grad is not None:
                states[at] = list(recipe.evaluate(table, constants | {"p": p, "g": number(step.grad[at]), "m": m, "u": u}))
            for name, x in zip("pmu", states[at], strict=True):
                if results[place][name][at] is None:
                    results[place][name][at] = rounded(x)
                if results[place][name][at] is None:
                    undecided.add(at)
    return sorted(undecided)


def _constants(dialect: Dialect, h: Hyperparameters, t: int, recipe: Recipe, number: Callable[[Any], Any]) -> dict[str, Any]:
    fields = {name: number(getattr(h, name)) for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
    results: Mapping[str, Any] = dialect.constants(SimpleNamespace(**fields, maximize=h.maximize), t, Unrounded())
    plain = {
        name: number(_fraction(results[name])) for name in recipe.constants if isinstance(results[name], int | float | Fraction)
    }
    return {name: results[name] for name in recipe.constants} | plain


def _fraction(x: Any) -> Any:
    fmpq = _flint().fmpq
    return x if isinstance(x, fmpq) else fmpq(*x.as_integer_ratio())


def _flint() -> Any:
    try:
        import flint
    except ImportError as error:  # pragma: no cover - it is installed wherever the tests run
        raise ImportError("the second oracle needs python-flint; install it with: pip install python-flint") from error
    return flint


def _rounded(ball: Any, fmt: Format) -> float | None:
    """Round both ends of a ball; None where they part. A zero in the middle of a ball counts as parted."""
    if not ball.is_finite():
        return None
    ends = [end.man_exp() for end in (ball.lower(), ball.upper())]
    low, high = (round_dyadic(int(n), int(exponent), fmt) for n, exponent in ends)
    return low if low == high else None


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
    results = Hyperparameters(draw.choice((2e-3, 0.25, 1e-30, 10.0, draw.random())), *betas, eps, decay)
    return replace(results, maximize=maximize)


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


def disagreements(count: int, seed: int, first: Oracle = true_steps, second: Oracle = arb_steps) -> tuple[int, list[Disagreement]]:
    """Compare two oracles on at least `count` steps of single elements.

    Parameters
    ----------
    count, seed : int
        How many, and where the random numbers start.
    first, second : callable
        The oracles.

    Returns
    -------
    int, list of Disagreement
        How many steps were compared, and where the two differ.

    Examples
    --------
    >>> disagreements(50, seed=1)
    (50, [])
    """
    done, differences = 0, []
    for dialect, profile, h, t, (p, g, m, u) in batches(seed):
        if done >= count:
            break
        steps = [Step(g, h)]
        start = {"p": p, "m": m, "u": u}
        [one], [other] = first(dialect, profile, start, t - 1, steps), second(dialect, profile, start, t - 1, steps)
        for name in "pmu":
            for at, (x, y) in enumerate(zip(one[name], other[name], strict=True)):
                if x != y:
                    differences.append(Disagreement(dialect.name, profile, h, t, (p[at], g[at], m[at], u[at]), name, x, y))
        done += BATCH
    return done, differences
