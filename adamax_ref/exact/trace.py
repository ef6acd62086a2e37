"""A table of one step: each operation with its exact value, its rounded value, its error and its bound.

The recipe runs twice side by side: by the bit oracle, and on fractions. The error of a line is the whole distance between
the rounded and the exact value, not the rounding error of that operation alone; the bound is for this distance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format
from adamax_ref.recipe.recipe import INPUTS, OUTPUTS, Recipe

from .certify import Certified, Step, certify
from .constants import exact_constants, exact_hyper
from .interval import Doubles
from .permitted import permitted_graph
from .step_bounds import State, analysed
from .stepper import operations
from .trajectory import as_fraction
from .values import Number, Numbers, apply, exactly

FRACTION_STEPS = 40
"""For so many steps exact values are fractions; after that intervals of ``LONG_BITS`` bits, whose width never shows."""

LONG_BITS = 4096

_MARKS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}", "abs": "|{}|"}


@final
@dataclass(frozen=True)
class Line:
    """A value of one step.

    Attributes
    ----------
    step : int
        Number of the step, from 1.
    name, formula : str
        What the value is called and how it is formed; a given one is its own formula.
    exact : Fraction or float
        Without any rounding since the first step; a float is NaN or infinite.
    rounded : float
        What a program holds.
    ulps : float
        Their distance in units in the last place of the type it is rounded in; NaN where one is not finite.
    bound : float
        How far the value may be off in any permitted recipe that forms it, in the same units; infinite without a bound.
    """

    step: int
    name: str
    formula: str
    exact: Fraction | float
    rounded: float
    ulps: float
    bound: float


def trace(
    dialect: Dialect,
    profile: str,
    h: Hyperparameters,
    grads: Sequence[float],
    p: float = 0.0,
    m: float = 0.0,
    u: float = 0.0,
    t: int = 0,
) -> list[Line]:
    """Follow one element through some steps.

    Parameters
    ----------
    dialect, profile, h : Dialect, str, Hyperparameters
        What is computed, and in which formats.
    grads : sequence of float
        A gradient for each step; like `p`, `m`, `u` they are rounded to the storage format first.
    p, m, u : float
        Parameter and state before the first step.
    t : int
        Number of steps done before.

    Returns
    -------
    list of Line
        For each step the gradient, the constants, and each operation in order of execution.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> lines = trace(get("torch"), "f32", Hyperparameters(), [1.0], p=1.0)
    >>> [line.name for line in lines][-3:], lines[-1].rounded, round(lines[-1].ulps, 2)
    (['v7', 'v8', 'p_new'], 0.9980000257492065, 0.43)
    """
    fmt = PROFILES[profile].storage
    p, m, u = (fmt.round(float(x)) for x in (p, m, u))
    steps = [Step([fmt.round(float(g))], h) for g in grads]
    certified = certify(dialect, profile, [p], [m], [u], t, steps, flush=dialect.flushes, undecided="mark")
    bits = None if len(grads) <= FRACTION_STEPS else LONG_BITS
    hats, exact = [p, m, u], [exactly(x, bits) for x in (p, m, u)]
    before = State({name: Numbers.of([x]) for name, x in zip("pmu", hats, strict=True)}, dict.fromkeys("pmu", np.zeros(1)), {})
    lines: list[Line] = []
    for step, now in zip(steps, certified, strict=True):
        [g] = step.grad or ()
        recipe = dialect.recipe(h, profile)
        numbers = _formed(dialect, h, now.t, recipe, bits)
        rounded = [hats[0], g, hats[1], hats[2], *dialect.scalars(exact_hyper(h), now.t, recipe)]
        values = [exact[0], exactly(g, bits), exact[1], exact[2], *numbers]
        bounds = _bounds(dialect, profile, h, now.t, before, g)
        for name, value in zip(OUTPUTS, recipe.outputs, strict=True):
            bounds[value] = getattr(now, name).bound[0]
        lines += _step(now.t, recipe, rounded, values, bounds)
        before = State({name: getattr(now, name).exact for name in OUTPUTS}, _errors(now), {})
        hats, exact = [rounded[value] for value in recipe.outputs], [values[value] for value in recipe.outputs]
    return lines


def _formed(dialect: Dialect, h: Hyperparameters, t: int, recipe: Recipe, bits: int | None) -> list[Number]:
    constants = exact_constants(dialect, h, t, bits)
    return [constants[name] for name in recipe.constants]


def _bounds(dialect: Dialect, profile: str, h: Hyperparameters, t: int, before: State, g: float) -> list[float]:
    """Return the bound of each value of the dialect's recipe in one step."""
    permitted = permitted_graph(dialect, profile, h, flush=dialect.flushes)
    _, node_errors = analysed(permitted, h, t, before, [g])
    way = permitted.graph.ways[permitted.recipes.index(dialect.recipe(h, profile))]
    return [math.inf if node_errors[place].lost[0] else float(node_errors[place].total[0]) for place in way]


def _errors(now: Certified) -> dict[str, Doubles]:
    return {name: np.array(getattr(now, name).bound) for name in OUTPUTS}


def _step(t: int, recipe: Recipe, rounded: list[float], values: list[Number], bounds: Sequence[float]) -> list[Line]:
    """Extend the values of a step by its operations, and return all of its lines."""
    table = operations(recipe.working, recipe.storage)
    for operation in recipe.operations:
        rounded.append(table[operation.name](*(rounded[arg] for arg in operation.args)))
        args = [values[arg] for arg in operation.args]
        values.append(apply(operation.name, args))
    names, first = recipe.names, len(recipe.leaves)
    shown = [at for at in range(len(rounded)) if at not in (INPUTS.index(name) for name in "pmu")]
    lines = []
    for at in shown:
        formula = names[at] if at < first else _formula(recipe, at - first)
        storing = at < len(INPUTS) or at in recipe.outputs or (at >= first and recipe.operations[at - first].name == "round")
        fmt = recipe.storage_format if storing else recipe.working_format
        unit = _unit(rounded[at], fmt)
        ulps = _distance(rounded[at], values[at], unit)
        lines.append(Line(t, names[at], formula, _plain(values[at]), rounded[at], ulps, bounds[at] / unit))
    return lines


def _formula(recipe: Recipe, at: int) -> str:
    operation = recipe.operations[at]
    args = [recipe.names[arg] for arg in operation.args]
    return _MARKS[operation.name].format(*args) if operation.name in _MARKS else f"{operation.name}({', '.join(args)})"


def _unit(x: float, fmt: Format) -> float:
    """Return one unit in the last place of a number of a format."""
    if not math.isfinite(x) or abs(x) < fmt.smallest_normal:
        return fmt.smallest
    return math.ldexp(1.0, math.frexp(x)[1] - fmt.precision)


def _plain(x: Number) -> Any:
    return x if isinstance(x, float) else as_fraction(x)


def _distance(rounded: float, values: Number, unit: float) -> float:
    if isinstance(values, float) or not math.isfinite(rounded):
        same = isinstance(values, float) and (rounded == values or (rounded != rounded and values != values))
        return 0.0 if same else math.nan
    return float(abs(Fraction(rounded) - as_fraction(values)) / Fraction(unit))
