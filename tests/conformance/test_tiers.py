"""No false alarm: every permitted order of operations passes."""

from functools import cache

import pytest

from adamax_ref.bugs.kills import rows
from adamax_ref.dialects import get
from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import State, canonical, trajectory, with_flushes
from adamax_ref.golden.patterns import decode, inside
from adamax_ref.orders.axes import cover


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
    recipes = {law.name: with_flushes(law) for decaying in (False, True) for law in cover(get(dialect), profile, decaying)}
    assert len(recipes) > 5
    for case in cases(dialect, profile):
        for name, law in recipes.items():
            assert not outside(case, list(trajectory(canonical(law, profile), case))), (case.id, name)


def test_rows_hold_a_number_for_every_element() -> None:
    for case in cases("torch", "f32")[:20]:
        for row in rows(case):
            assert {len(column) for column in row.columns} == {len(decode(case.init.theta, case.form))}
