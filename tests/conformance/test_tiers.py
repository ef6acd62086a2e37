"""No false alarm: every permitted order of operations passes; and operator mutants of the law do not."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from adamax_ref.conformance.kills import rows
from adamax_ref.dialects import get
from adamax_ref.dialects._axes import cover
from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import State, canonical, keeping, start, trajectory
from adamax_ref.golden.patterns import decode, inside
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.recipe import Operation, Recipe
from adamax_ref.truth.power import exact_hyper
from adamax_ref.truth.stepper import operations


@cache
def cases(dialect: str, profile: str) -> list[Case]:
    """Return the shipped value cases of at most ten steps."""
    found = open_corpus().cases(dialect, profile)
    return [case for case in found if case.result == "value" and len(case.steps) <= 10]


def outside(case: Case, states: list[State]) -> bool:
    """Tell whether a run leaves a case's limits."""
    for expect in case.expect or ():
        state = states[expect.step - 1]
        for name in QUANTITIES:
            quantity = getattr(expect, name)
            limits = zip(getattr(state, name), decode(quantity.lo, case.form), decode(quantity.hi, case.form), strict=True)
            if state.t != expect.t or not all(inside(*limit) for limit in limits):
                return True
    return False


@pytest.mark.parametrize("pair", ["torch/f32", "keras/f64", "paper/f16"])
def test_permitted_orders_of_operations_that_cover_all_of_them_pass_every_case(pair: str) -> None:
    dialect, profile = pair.split("/")
    recipes = {law.name: keeping(law) for decaying in (False, True) for law in cover(get(dialect), profile, decaying)}
    assert len(recipes) > 5
    for case in cases(dialect, profile):
        for name, law in recipes.items():
            assert not outside(case, list(trajectory(canonical(law, profile), case))), (case.id, name)


SWAPS = {"add": ("sub",), "sub": ("add",), "mul": ("div",), "div": ("mul",), "max": ("greater",), "neg": ("abs",), "abs": ("neg",)}


def mutants(recipe: Recipe) -> Iterator[tuple[str, Recipe]]:
    """Yield every recipe with one operation changed: another operation, other operands, or none at all."""
    for at, operation in enumerate(recipe.operations):
        for changed in _changed(recipe, at, operation):
            text = f"operation {at} {operation.name}{operation.args} -> {changed.name}{changed.args}"
            yield text, replace(recipe, operations=(*recipe.operations[:at], changed, *recipe.operations[at + 1 :]))


def _changed(recipe: Recipe, at: int, operation: Operation) -> Iterator[Operation]:
    known = len(recipe.leaves) + at
    for name in SWAPS.get(operation.name, ()):
        yield Operation(name, operation.args)
    for place, arg in enumerate(operation.args):
        for other in range(known):
            if other != arg:
                yield Operation(operation.name, (*operation.args[:place], other, *operation.args[place + 1 :]))
    if len(operation.args) == 2:
        yield from (Operation("max", (arg, arg)) for arg in operation.args)  # max(x, x) is x: the other term is dropped


class Mutant:
    """A rule that follows a mutant wherever the recipe is the one that was changed."""

    def __init__(self, dialect: str, profile: str, old: Recipe, new: Recipe) -> None:
        self.law, self.profile, self.old, self.new = keeping(get(dialect)), profile, old, new

    def states(self, case: Case) -> list[State] | None:
        """Run a case; None where another recipe than the changed one is due."""
        if self.law.recipe(case.hyper.at(), self.profile) is not self.old:
            return None
        table, state, found = operations(self.old.working, self.old.storage), start(case), []
        for each in case.steps:
            if each.grad is not None:
                state = self._step(state, decode(each.grad, case.form), case.hyper.at(each), table)
            found.append(state)
        return found

    def _step(self, state: State, grad: tuple[float, ...], h: Hyperparameters, table: object) -> State:
        scalars = self.law.scalars(exact_hyper(h), state.t + 1, self.old)
        made = [self.element(p, g, m, u, scalars) for p, g, m, u in zip(state.theta, grad, state.m, state.u, strict=True)]
        theta, m, u = (tuple(column) for column in zip(*made, strict=True)) if made else ((), (), ())
        return State(state.t + 1, theta, m, u)

    def element(self, p: float, g: float, m: float, u: float, scalars: tuple[float, ...]) -> tuple[float, float, float]:
        """Do the step of one element."""
        values = dict(zip(self.new.leaves, (p, g, m, u, *scalars), strict=True))
        return self.new.evaluate(operations(self.new.working, self.new.storage), values)

    def equivalent(self) -> bool:
        """Tell whether the mutant stays within two ulp of the law on two thousand random steps of a running state."""
        draw = random.Random(7)
        right = Mutant(self.law.name, self.profile, self.old, self.old)
        form = self.old.storage_format
        for _ in range(2000):
            h = Hyperparameters(
                draw.choice([0.5, 0.01]), draw.choice([0.9, 0.6]), draw.choice([0.99, 0.7]), draw.choice([0.01, 0.2])
            )
            scalars = self.law.scalars(exact_hyper(h), draw.randint(1, 9), self.old)
            p, g, m = (form.round(draw.uniform(-1, 1)) for _ in range(3))
            u = form.round(draw.uniform(0, 1))
            pairs = zip(self.element(p, g, m, u, scalars), right.element(p, g, m, u, scalars), strict=True)
            if not all(abs(a - b) <= 2.0 ** (2 - form.precision) * max(abs(b), 1.0) for a, b in pairs):
                return False
        return True


@pytest.mark.parametrize("pair", ["torch/f32", "paper/f64"])
def test_every_operator_mutant_leaves_the_bounds_of_a_case_unless_it_is_the_same_function(pair: str) -> None:
    """`greater` in place of `max` differs for NaN alone, and is caught by the cases that have one."""
    dialect, profile = pair.split("/")
    case = next(case for case in cases(dialect, profile) if case.id.endswith("smoke/two-steps"))
    recipe = keeping(get(dialect)).recipe(case.hyper.at(), profile)
    survivors, count = [], 0
    for text, new in mutants(recipe):
        mutant, count = Mutant(dialect, profile, recipe, new), count + 1
        if not any((states := mutant.states(case)) is not None and outside(case, states) for case in cases(dialect, profile)):
            survivors.append((text, mutant))
    assert count > 50
    assert [text for text, mutant in survivors if not mutant.equivalent()] == []


def test_rows_hold_a_number_for_every_element() -> None:
    for case in cases("torch", "f32")[:20]:
        for row in rows(case):
            assert {len(column) for column in row.columns} == {len(decode(case.init.theta, case.form))}
