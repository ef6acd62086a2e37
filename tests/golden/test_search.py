"""Searched cases: the finds on file are those of the search, and they do tell recipes apart."""

from dataclasses import replace

import numpy as np
import pytest

from adamax_ref.dialects import get
from adamax_ref.exact.hard import from_middle
from adamax_ref.exact.trajectory import Step, exact_steps
from adamax_ref.golden import search as searching
from adamax_ref.golden.build import case_from, frame_of
from adamax_ref.golden.case import Case
from adamax_ref.golden.design import Design, designs, designs_of, parts
from adamax_ref.golden.oracle import canonical, reported, start, with_flushes
from adamax_ref.golden.search import Columns, Search, hardest_elements
from adamax_ref.orders.axes import cover
from adamax_ref.recipe.profile import PROFILES

PAIRS = [("torch", "f32"), ("optax", "f64"), ("keras", "bf16")]


def usual() -> Design:
    """Return the design of the usual hyperparameters."""
    return next(design for design in designs("round") if design.slug == "usual")


def case_of(dialect: str, profile: str) -> Case:
    """Return the case that it becomes."""
    return case_from(usual(), "round", get(dialect), profile)


def test_every_searched_case_is_on_file_and_the_file_holds_no_other() -> None:
    wanted = {
        frame_of(design, part.category, get(part.dialect), part.profile).id: design.search
        for part in parts("full")
        for design in designs_of(part)
        if design.search is not None
    }
    known = searching.stored_elements()
    assert sorted(wanted) == sorted(known)
    assert all(known[name]["search"].startswith(f"{search} ") for name, search in wanted.items())


def test_a_find_on_file_is_what_the_search_finds() -> None:
    case, torch = case_of("torch", "f32"), get("torch")
    search = usual().search
    assert search is not None
    assert searching.search_elements(search, case, torch) == searching.elements_of(search, case, torch)


def test_a_find_for_another_search_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of("torch", "f32")
    nothing = Columns((), (), (), ())
    monkeypatch.setattr(searching, "search_elements", lambda *_: nothing)
    assert searching.elements_of(Search(), case, get("torch")) != nothing
    assert searching.elements_of(Search(count=99), case, get("torch")) == nothing
    later = replace(case, init=replace(case.init, t=case.init.t + 1))
    assert searching.elements_of(Search(), later, get("torch")) == nothing


@pytest.mark.parametrize(("dialect", "profile"), PAIRS)
def test_the_exact_result_of_every_element_is_next_to_a_middle(dialect: str, profile: str) -> None:
    case, own = case_of(dialect, profile), with_flushes(get(dialect))
    state, h = start(case), case.hyper.at()
    (after,) = exact_steps(own, profile, {"p": state.theta, "m": state.m, "u": state.u}, state.t, [Step(_grad(case), h)])
    far = [from_middle(x, PROFILES[profile].storage) for x in after["p"]]
    assert max(far) < 1 / 100


def _grad(case: Case) -> list[float]:
    from adamax_ref.golden.patterns import decode

    (step,) = case.steps
    assert step.grad is not None
    return list(decode(step.grad, case.form))


@pytest.mark.parametrize(("dialect", "profile"), PAIRS)
def test_permitted_recipes_part_at_the_elements(dialect: str, profile: str) -> None:
    case = case_of(dialect, profile)
    answers = {tuple(state.theta) for own in cover(get(dialect), profile) for state in reported(canonical(own, profile), case)}
    assert len(answers) > 2


def test_the_fast_number_is_the_one_of_the_generator() -> None:
    from adamax_ref.golden.numbers import Draw, draws
    from adamax_ref.golden.search import double_of

    stream = draws("any")
    for bits in (8, 11, 24, 53):
        for draw in (next(stream) for _ in range(50)):
            assert double_of(Draw(top=0, span=5), draw, bits) == Draw(bits, 0, 5).number(draw)


def test_a_search_of_few_draws_finds_few_elements() -> None:
    found_few = hardest_elements(Search(1 << 10, 16), "few", get("paper"), "f32", replace(get("paper").defaults, lr=0.1), 1)
    assert 1 < len(found_few.theta) < 10
    assert np.all(np.array(found_few.u) > 0)
