"""Engines and frameworks against the shipped corpus."""

from collections.abc import Callable
from types import ModuleType

import pytest

from adamax_ref.backend import backend_names, get_backend, why_unavailable
from adamax_ref.conformance.run import pairs, run
from adamax_ref.conformance.targets import frameworks, open_target
from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.design import SCOPE
from adamax_ref.golden.load import open_corpus

HERE = ("array-api-strict", "numba", "numpy", "numpy-emulated")


@pytest.mark.parametrize("dialect", SCOPE)
@pytest.mark.parametrize("name", HERE)
def test_engines_of_the_cpu_are_exact_on_everything_they_declare(name: str, dialect: str) -> None:
    if name not in backend_names() or why_unavailable(name):
        pytest.skip(f"backend {name!r} cannot run here: {why_unavailable(name) if name in backend_names() else 'unknown'}")
    target, corpus = open_target(f"backend:{name}"), open_corpus()
    for _, profile in pairs(target, corpus, (dialect,)):
        verdict = run(target, corpus, dialect, profile).verdict
        assert verdict.grade is Grade.EXACT, verdict.first
        assert set(verdict.freedoms) <= {*target.declares(dialect)}
        subnormal = [each for each in verdict.cases if each.status == "skipped"]
        assert bool(subnormal) is not get_backend(name).capabilities.subnormals
        assert all("subnormal" in each.case.flags for each in subnormal)


@pytest.mark.frameworks
def test_torch_itself_is_exact_in_float32_and_float64(peer: Callable[[str], ModuleType]) -> None:
    peer("torch")
    target, corpus = open_target("framework:torch"), open_corpus()
    wide = [profile for dialect, profile in pairs(target, corpus, ("torch",)) if profile in ("f32", "f64")]
    assert wide == ["f32", "f64"]
    for profile in wide:
        verdict = run(target, corpus, "torch", profile).verdict
        assert verdict.text == "EXACT", verdict.first
        untested = [each.case for each in verdict.cases if each.status == "untested"]
        assert {case.error.field for case in untested if case.error} == {"grad", "m", "t", "theta", "u"}, "which no tensor can show"
        assert all(case.error for case in untested) and not verdict.counts["skipped"]


def test_unknown_targets_are_refused_with_what_there_is() -> None:
    for text, words in (
        ("numpy", "unknown target 'numpy'; write KIND:NAME"),
        ("engine:numpy", "unknown target"),
        ("framework:lasagne", "unknown framework 'lasagne'; known are"),
        ("backend:abacus", "unknown backend 'abacus'; registered are"),
    ):
        with pytest.raises(ValueError, match=words):
            open_target(text)
    assert "torch" in frameworks()


def test_what_a_target_does_not_declare_cannot_be_asked_of_it(peer: Callable[[str], ModuleType]) -> None:
    peer("torch")
    target, corpus = open_target("framework:torch"), open_corpus()
    with pytest.raises(ValueError, match="does not declare dialect 'paper'"):
        pairs(target, corpus, ("paper",))
    with pytest.raises(ValueError, match="the corpus has no profile 'f8'"):
        pairs(target, corpus, (), ("f8",))
