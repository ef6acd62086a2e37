"""The second oracle: the same law on ball arithmetic of an outside library, Arb through python-flint.

It shares the traced recipe, the constants and the last rounding with :mod:`adamax_ref.exact.exact`, and nothing of the
arithmetic: sums, products, quotients and powers are Arb's. Precision is raised until the rounding is decided; where
2048 bits do not decide it, the value is a tie or exactly representable, and python-flint's rationals settle it. python-flint is
needed by tests only, so it is imported here and by nobody else.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format, Unrounded
from adamax_ref.recipe.recipe import Recipe

from .exact import Step
from .rounding import round_dyadic, round_ratio

try:
    import flint
except ImportError as error:  # pragma: no cover - it is installed wherever the tests run
    raise ImportError("the second oracle needs python-flint; install it with: pip install python-flint") from error

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


def true_steps(
    dialect: Dialect, profile: str, given: Mapping[str, Sequence[float]], t: int, steps: Sequence[Step]
) -> list[dict[str, list[float]]]:
    """Return the correctly rounded ``p``, ``m``, ``u`` after each step; the twin of :func:`adamax_ref.exact.exact.true_steps`.

    Parameters
    ----------
    dialect, profile, t, steps : Dialect, str, int, sequence of Step
        Which steps.
    given : mapping of str to sequence of float
        ``p``, ``m``, ``u`` before the first step; all numbers are finite and no divisor becomes 0.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> start = {"p": [1.0], "m": [0.0], "u": [0.0]}
    >>> true_steps(get("torch"), "f32", start, 0, [Step([1.0], Hyperparameters())])
    [{'p': [0.9980000257492065], 'm': [0.10000000149011612], 'u': [1.0]}]
    """
    fmt, size = PROFILES[profile].storage, len(given["p"])
    made = [{name: [None] * size for name in "pmu"} for _ in steps]
    left = list(range(size))
    bits = FIRST_BITS
    while left and bits <= MOST_BITS:
        with flint.ctx.workprec(bits):
            left = _filled(made, dialect, profile, given, t, steps, left, _BALLS, flint.arb, lambda x: _rounded(x, fmt))
        bits *= 2
    _filled(made, dialect, profile, given, t, steps, left, _FRACTIONS, _fraction, lambda x: round_ratio(int(x.p), int(x.q), fmt))
    return made  # type: ignore[return-value]


def _filled(
    made: list[dict[str, list[Any]]],
    dialect: Dialect,
    profile: str,
    given: Mapping[str, Sequence[float]],
    t: int,
    steps: Sequence[Step],
    elements: Sequence[int],
    table: Mapping[str, Callable[..., Any]],
    number: Callable[[float], Any],
    rounded: Callable[[Any], float | None],
) -> list[int]:
    """Write down what one kind of number decides; return the elements of which something is left open."""
    states = {at: [number(given[name][at]) for name in "pmu"] for at in elements}
    left = set()
    for place, step in enumerate(steps):
        t += step.grad is not None
        recipe = dialect.recipe(step.hyper, profile)
        constants = _constants(dialect, step.hyper, t, recipe, number) if elements and step.grad is not None else {}
        for at, (p, m, u) in states.items():
            if step.grad is not None:
                states[at] = list(recipe.evaluate(table, constants | {"p": p, "g": number(step.grad[at]), "m": m, "u": u}))
            for name, x in zip("pmu", states[at], strict=True):
                if made[place][name][at] is None:
                    made[place][name][at] = rounded(x)
                if made[place][name][at] is None:
                    left.add(at)
    return sorted(left)


def _constants(dialect: Dialect, h: Hyperparameters, t: int, recipe: Recipe, number: Callable[[Any], Any]) -> dict[str, Any]:
    fields = {name: number(getattr(h, name)) for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
    made: Mapping[str, Any] = dialect.constants(SimpleNamespace(**fields, maximize=h.maximize), t, Unrounded())
    plain = {name: number(_fraction(made[name])) for name in recipe.constants if isinstance(made[name], int | float | Fraction)}
    return {name: made[name] for name in recipe.constants} | plain


def _fraction(x: Any) -> Any:
    return x if isinstance(x, flint.fmpq) else flint.fmpq(*x.as_integer_ratio())


def _rounded(ball: Any, fmt: Format) -> float | None:
    """Round both ends of a ball; None where they part. A zero in the middle of a ball counts as parted."""
    if not ball.is_finite():
        return None
    ends = [end.man_exp() for end in (ball.lower(), ball.upper())]
    low, high = (round_dyadic(int(n), int(exponent), fmt) for n, exponent in ends)
    return low if low == high else None
