"""A design without a right answer becomes no case, and its file says why."""

from dataclasses import replace

import pytest

from adamax_ref.dialects import get
from adamax_ref.golden.build import case_from
from adamax_ref.golden.corpus import Part
from adamax_ref.golden.design import Design
from adamax_ref.golden.expected import Inadmissible, with_expected
from adamax_ref.golden.generate import cases_of, proves
from adamax_ref.golden.load import open_corpus

PART = Part("core", "torch", "f16", "zero")
ONE = Design("one", "A case with a clause of its own, which needs no bug to be there.", "S1 S8", theta="1", steps=("1/2",))
TWO = replace(ONE, slug="two", spec="S8")
WITHOUT_ANSWER = replace(ONE, slug="tiny-eps", steps=("0",), hyper={"eps": 2.0**-27})


def test_a_killing_case_proves_something_whatever_it_cites() -> None:
    cases = [case_from(design, "zero", get("torch"), "f16") for design in (ONE, TWO)]
    assert not proves(cases[1], cases)
    assert proves(cases[1].with_kills(("B01",)), cases)


def test_a_case_without_a_right_answer_is_left_out_by_name() -> None:
    """An epsilon that binary16 makes 0 gives 0/0 in some permitted recipes and 0 in others."""
    cases, omitted = cases_of(PART, [ONE, WITHOUT_ANSWER])
    assert [case.slug for case in cases] == ["one"]
    assert "no certain value" in omitted["tiny-eps"]


def test_a_design_that_the_type_cannot_hold_is_a_fault_and_not_left_out() -> None:
    with pytest.raises(Inadmissible, match="binary16 does not hold"):
        cases_of(PART, [replace(ONE, theta="2^20")])


def test_the_shipped_files_say_what_is_left_out() -> None:
    corpus = open_corpus()
    found = {entry.path: corpus.file(entry).omitted for entry in corpus.manifest.files}
    assert "first-tiny-eps" in (found["core/torch/f16/zero.json"] or {})
    assert found["core/torch/f32/zero.json"] is None


def test_hyperparameters_through_binary32_are_another_answer_where_they_matter() -> None:
    case = next(case for case in open_corpus().cases("torch", "f64") if case.slug == "shrink-two")
    (other,) = case.either or ()
    assert other.when == "hyper32"
    assert case.expect is not None
    assert other.expect[0].m.bits != case.expect[0].m.bits
    assert case.expected(("hyper32",)) == (case.expect, other.expect)
    assert case.expected() == (case.expect,)


def test_subnormal_numbers_have_an_answer_for_those_who_flush() -> None:
    case = next(case for case in open_corpus().cases("torch", "f32") if case.slug == "subnormal-state")
    assert [other.when for other in case.either or ()] == ["ftz"]
    again = with_expected(replace(case, expect=None, either=None), get("torch"))
    assert again.either == case.either
