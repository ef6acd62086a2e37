"""Operator mutants of the law: every recipe with one operation changed, and whether it still is the same function.

A mutant does another operation, has another operand, drops a term or drops the operation. It is a wrong Adamax that nobody
has to think of first. Some are the same function for all that anybody feeds it; those must stay near the law on random
trajectories, and are listed.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import final

from adamax_ref.bugs.kills import Row, apart, far, rows
from adamax_ref.dialects import get
from adamax_ref.exact.constants import exact_hyper
from adamax_ref.exact.stepper import function_of
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State, start, with_flushes
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Operation, Recipe

SWAPS = {
    "add": ("sub", "mul"),
    "sub": ("add", "mul"),
    "mul": ("div", "add"),
    "div": ("mul", "sub"),
    "max": ("greater", "add"),
    "greater": ("max", "add"),
    "neg": ("abs",),
    "abs": ("neg",),
}
"""Replacements of each operation, beside its operands themselves."""

LONGEST = 10
"""Cases of more steps are left out: they show nothing that the shorter ones do not."""


@final
@dataclass(frozen=True)
class Mutant:
    """A recipe and what it has become; `where` is the dialect and profile, `text` the change."""

    dialect: str
    profile: str
    law: Recipe
    changed: Recipe
    text: str

    def __str__(self) -> str:
        return f"{self.dialect}/{self.profile}: {self.text}"


def mutants(dialect: str, profile: str, law: Recipe) -> Iterator[Mutant]:
    """Yield every mutant of a recipe.

    Examples
    --------
    >>> recipe = get("paper").recipe(get("paper").defaults, "f32")
    >>> [mutant.text for mutant in mutants("paper", "f32", recipe)][:2]
    ['v1 = beta1 * m  ->  beta1 / m', 'v1 = beta1 * m  ->  beta1 + m']
    """
    seen = {law.operations}
    for at in range(len(law.operations)):
        for operation in _others(law, at):
            operations = (*law.operations[:at], operation, *law.operations[at + 1 :])
            if operations not in seen:
                seen.add(operations)
                changed = replace(law, operations=operations)
                yield Mutant(dialect, profile, law, changed, _change(law, changed, at))


def _others(law: Recipe, at: int) -> Iterator[Operation]:
    """Yield what could stand in the place of an operation."""
    operation = law.operations[at]
    if operation.name in ("round", "flush"):
        return  # where it is left out or done on something else, another order of roundings is made, not another function
    for name in SWAPS.get(operation.name, ()):
        yield Operation(name, operation.args)
    for place, arg in enumerate(operation.args):
        for other in range(len(law.leaves) + at):
            if other != arg:
                yield Operation(operation.name, (*operation.args[:place], other, *operation.args[place + 1 :]))
    if operation.name == "fma":
        a, b, c = operation.args
        yield from (Operation("mul", (a, b)), Operation("fma", (a, a, c)), Operation("fma", (b, b, c)))
    for arg in operation.args:
        yield Operation("max", (arg, arg))  # which is the operand itself: the rest of the operation is dropped


def _change(law: Recipe, changed: Recipe, at: int) -> str:
    (name, before), (_, after) = (recipe.lines()[at] for recipe in (law, changed))
    left, _, right = after.partition(", ")
    dropped = after.startswith("max(") and left == f"max({right[:-1]}"
    return f"{name} = {before}  ->  {right[:-1] if dropped else after}"


@final
class Trial:
    """The value cases of one dialect and profile, ready to be run under mutants.

    Parameters
    ----------
    cases : sequence of Case
        All of one dialect and profile; those of many steps are not used.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self.dialect, self.profile = cases[0].dialect, cases[0].profile
        self._law = with_flushes(get(self.dialect))
        self._cases: dict[Recipe, list[tuple[Case, dict[int, Row]]]] = {}
        for case in cases:
            if case.result == "value" and len(case.steps) <= LONGEST and case.init.theta:
                recipe = self._law.recipe(case.hyper.at(), self.profile)
                self._cases.setdefault(recipe, []).append((case, {row.step: row for row in rows(case)}))

    @property
    def mutants(self) -> Iterator[Mutant]:
        """Every mutant of every recipe that occurs in the cases."""
        for recipe in self._cases:
            yield from mutants(self.dialect, self.profile, recipe)

    def kills(self, mutant: Mutant) -> bool:
        """Tell whether a case kills a mutant, by the same margin as a bug; a case that did comes first next time."""
        cases = self._cases[mutant.law]
        for at, (case, wanted) in enumerate(cases):
            if any(far(state, wanted[number]) for number, state in self._run(mutant, case) if number in wanted):
                cases.insert(0, cases.pop(at))
                return True
        return False

    def _run(self, mutant: Mutant, case: Case) -> Iterator[tuple[int, State]]:
        state = start(case)
        for number, each in enumerate(case.steps, 1):
            if each.grad is not None:
                scalars = scalars_of(self._law, case.hyper.at(each), state.t + 1, mutant.law)
                state = _step(mutant.changed, state, decode(each.grad, case.form), scalars)
            yield number, state


@cache
def scalars_of(law: Dialect, h: Hyperparameters, t: int, recipe: Recipe) -> tuple[float, ...]:
    """Return the constants of a step with correctly rounded powers."""
    return law.scalars(exact_hyper(h), t, recipe)


def _step(recipe: Recipe, state: State, grad: Sequence[float], scalars: Sequence[float]) -> State:
    step = function_of(recipe)
    made = [step(p, g, m, u, *scalars) for p, g, m, u in zip(state.theta, grad, state.m, state.u, strict=True)]
    theta, m, u = (tuple(column) for column in zip(*made, strict=True))
    return State(state.t + 1, theta, m, u)


def equivalent(mutant: Mutant, runs: int = 100, steps: int = 20) -> bool:
    """Tell whether a mutant stays with the law on random trajectories: no number is off by more than rounding.

    Each run has hyperparameters of its own that give the same recipe, starts from zero state and has a NaN gradient as the
    last but one; after each step both go on from the law's state. A number may be off by four units in the last place of the
    larger of itself and 1: two roundings of either side, of results that are at most as large.
    """
    law, draw = with_flushes(get(mutant.dialect)), random.Random(str(mutant))
    right, wrong, form = function_of(mutant.law), function_of(mutant.changed), mutant.law.storage_format
    slack = 4 * 2.0 ** (1 - form.precision)
    for _ in range(runs):
        h = _hyper(law, mutant, draw)
        p, m, u = form.round(draw.uniform(-2, 2)), 0.0, 0.0
        for t in range(1, steps + 1):
            g = form.round(draw.choice((1.0, 0.1)) * draw.uniform(-1, 1)) if t != steps - 1 else math.nan
            scalars = scalars_of(law, h, t, mutant.law)
            made, other = right(p, g, m, u, *scalars), wrong(p, g, m, u, *scalars)
            if any(apart(a, b, slack * max(abs(b), 1.0)) for a, b in zip(other, made, strict=True)):
                return False
            p, m, u = made
    return True


def _hyper(law: Dialect, mutant: Mutant, draw: random.Random) -> Hyperparameters:
    """Draw hyperparameters under which the law is the recipe of a mutant."""
    while True:
        h = Hyperparameters(
            lr=draw.choice((0.5, 0.01)),
            beta1=draw.choice((0.9, 0.6, 0.3, 0.5)),
            beta2=draw.choice((0.99, 0.7)),
            eps=draw.choice((0.01, 0.2)) if "eps" in law.options else 0.0,
            weight_decay=draw.choice((0.0, 0.1)) if law.options & {"l2", "decoupled"} else 0.0,
            maximize=draw.choice((False, True)) if "maximize" in law.options else False,
        )
        if law.recipe(h, mutant.profile) is mutant.law:
            return h
