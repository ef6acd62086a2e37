"""Ways around the judge: leaving a run, skipping, refusing by accident, lying values, a corpus of one's own."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref import Adamax
from adamax_ref.conformance.answer import FEATURES, Answer, Hello, Reported
from adamax_ref.conformance.judge import Status, judge
from adamax_ref.conformance.protocol import question
from adamax_ref.conformance.run import conclude
from adamax_ref.conformance.target import Target
from adamax_ref.conformance.targets import open_target
from adamax_ref.conformance.targets.callable import of
from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.codec import CorpusError, json_bytes
from adamax_ref.golden.corpus import MANIFEST, digest
from adamax_ref.golden.load import Corpus, open_corpus
from adamax_ref.testing import assert_conforms, golden_cases

CASES = open_corpus().cases("torch", "f32")
VALUES = [case for case in CASES if case.result == "value"]


@final
class Script(Target):
    """A target that answers as the corpus does, but for some answers."""

    def __init__(self, answers: dict[str, Answer], hello: Hello | None = None) -> None:
        self._answers = {case.id: right(case) for case in CASES} | answers
        self._hello = hello or Hello("script", "1", "c", ("torch",), ("f32",), FEATURES)

    @property
    def hello(self) -> Hello:
        """One dialect and profile."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Look the answer up."""
        return self._answers[case.id]


def right(case: Case) -> Answer:
    """Return the answer of the corpus."""
    if case.error is not None:
        return Answer(case.id, refused="illegal")
    columns = (({name: getattr(e, name).bits for name in QUANTITIES}, e) for e in case.expect or ())
    return Answer(case.id, steps=tuple(Reported(e.step, **texts, t=e.t) for texts, e in columns))


def leave(how: str) -> None:
    """Leave the test or the program."""
    if how == "exit":
        sys.exit(0)
    if how == "skip":
        pytest.skip("not today")
    raise GeneratorExit


class Wrapper:
    """An optimizer around ours, to be spoiled."""

    def __init__(self, params: Any, **options: Any) -> None:
        self.params, self.inner = params, Adamax(params, **options)
        self.state: Any = self.inner.state

    def step(self) -> None:
        """Take a step."""
        self.inner.step()


class Leaving(Wrapper):
    """An optimizer that leaves in its second step."""

    how = "exit"

    def step(self) -> None:
        """Take a step, or leave."""
        super().step()
        if self.state[self.params[0]]["step"] == 2:
            leave(self.how)


@pytest.mark.parametrize("how", ["exit", "skip", "generator"])
def test_what_leaves_a_program_or_a_test_is_an_error_of_its_case(how: str) -> None:
    def step(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
        leave(how)

    verdict = conclude(of(step, ("torch",)), CASES)
    assert verdict.grade is Grade.NOT_CONFORMANT and verdict.counts[Status.ERROR] > 100
    leaving = type("Leaving", (Leaving,), {"how": how})
    assert conclude(of(leaving, ("torch",)), CASES).grade is Grade.NOT_CONFORMANT


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_run_with_skips_says_so_and_with_many_is_no_evidence(data: st.DataObject) -> None:
    skipped = data.draw(st.sets(st.sampled_from([case.id for case in VALUES]), max_size=40))
    verdict = conclude(Script({name: Answer(name, skipped="slow") for name in skipped}), CASES)
    enough = 10 * (len(VALUES) - len(skipped)) >= 9 * len(VALUES)
    assert verdict.grade is (Grade.EXACT if enough else Grade.NOT_ENOUGH_EVIDENCE)
    assert verdict.text == verdict.grade.value + (f" with {len(skipped)} skipped" if skipped else "")


def test_cases_without_a_number_are_no_evidence() -> None:
    empty = [case for case in CASES if case.result == "value" and 0 in case.shape]
    assert empty and conclude(Script({}), empty).grade is Grade.NOT_ENOUGH_EVIDENCE


def test_the_constants_of_a_step_are_sent_to_those_alone_who_declare_that_they_use_them() -> None:
    case = next(case for case in VALUES if case.steps[0].constants is not None)
    silent = Script({}).hello
    sent = [json.loads(question(case, hello)) for hello in (silent, replace(silent, declares=("given-constants",)))]
    assert ["constants" in asked["steps"][0] for asked in sent] == [False, True]


class Unchecked(Wrapper):
    """An optimizer that refuses nothing by design, but stumbles over numbers later."""

    def __init__(self, params: Any, **options: Any) -> None:
        super().__init__(params, **{name: value for name, value in options.items() if name == "maximize"})

    def step(self) -> None:
        """Fail by accident."""
        raise ValueError("math domain error")


def test_a_fault_in_a_step_is_no_refusal() -> None:
    verdict = conclude(of(Unchecked, ("torch",)), CASES)
    assert verdict.counts[Status.REFUSED_OK] == 0 and verdict.counts[Status.ERROR] > 100


def wider(optimizer: Any, parameter: Any) -> None:
    """Make the moment double."""
    state = optimizer.state[parameter]
    state["exp_avg"] = state["exp_avg"].astype(np.float64)


def reshaped(optimizer: Any, parameter: Any) -> None:
    """Make the norm a matrix."""
    state = optimizer.state[parameter]
    state["exp_inf"] = state["exp_inf"].reshape(1, *state["exp_inf"].shape)


def fractional(optimizer: Any, parameter: Any) -> None:
    """Count in quarters."""
    optimizer.state[parameter]["step"] = optimizer.state[parameter]["step"] + 0.25


def destructive(optimizer: Any, parameter: Any) -> None:
    """Write over the gradient."""
    parameter.grad[...] = np.nan


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (wider, "the new exp_avg is float64"),
        (reshaped, "the new exp_inf is float32 of shape"),
        (fractional, "must be a whole number"),
        (destructive, r"step\(\) changed the gradient"),
    ],
)
def test_what_an_optimizer_leaves_behind_is_looked_at(fault: Callable[[Any, Any], None], words: str) -> None:
    class Faulty(Wrapper):
        def step(self) -> None:
            super().step()
            if self.params[0].grad is not None:
                fault(self, self.params[0])

    case = next(case for case in golden_cases("torch", "f32", category="smoke") if case.case.id.endswith("one-step"))
    case.check(Adamax)
    with pytest.raises(AssertionError, match=words):
        case.check(Faulty)


@dataclass(frozen=True)
class Step:
    """A callable that equals another one with the same name, whatever that computes."""

    name: str
    factor: float = field(default=1.0, compare=False)

    def __call__(self, p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
        """Do the paper's step, times a factor."""
        m = hyper.beta1 * m + (1 - hyper.beta1) * g
        u = np.maximum(hyper.beta2 * u, abs(g))
        return (p - hyper.lr / (1 - hyper.beta1**t) * m / u) * p.dtype.type(self.factor), m, u


def test_a_case_judges_the_object_that_it_is_passed_and_no_equal_one() -> None:
    case = golden_cases("paper", "f32", category="smoke")[0]
    case.check(Step("mine"))
    assert Step("mine") == Step("mine", 2.0)
    with pytest.raises(AssertionError):
        case.check(Step("mine", 2.0))


class Equal(str):
    """A text that differs from nothing."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


@pytest.mark.parametrize("changes", [{"theta": Equal("deadbeef deadbeef")}, {"t": 2.0}, {"t": True}, {"step": 1.0}])
def test_only_plain_values_are_compared(changes: Any) -> None:
    case = next(case for case in VALUES if case.id.endswith("u-decay/shrink-two"))
    first, *others = right(case).steps or ()
    odd = Answer(case.id, steps=(Reported(**{**asdict(first), **changes}), *others))
    judged = judge(case, odd, Script({}).hello)
    assert (judged.status, judged.kind) == (Status.ERROR, "protocol")


def test_a_hello_is_read_once_for_a_run() -> None:
    class Changing(Target):
        asked = 0

        @property
        def hello(self) -> Hello:
            self.asked += 1
            shown = ("theta", "m", "u", "t") if self.asked > 1 else ("theta",)
            return Hello("changing", "1", "c", ("torch",), ("f32",), FEATURES, exposes=shown)

        def run(self, case: Case) -> Answer:
            answer = right(case)
            steps = None if answer.steps is None else tuple(Reported(each.step, each.theta) for each in answer.steps)
            return replace(answer, steps=steps)

    class Bare(Changing):
        def run(self, case: Case) -> Answer:
            assert case.expect is None and case.either is None, "a target gets the question alone"
            return next(answer for name, answer in ANSWERS.items() if name == case.id)

    assert conclude(Bare(), VALUES[:40]).text == "EXACT (theta only)"


ANSWERS = {
    case.id: replace(right(case), steps=tuple(Reported(each.step, each.theta) for each in right(case).steps or ()))
    for case in VALUES
}


def changed_corpus(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Corpus:
    """Copy one vector file of the shipped corpus, with every case changed, under a manifest that describes it."""
    shipped = open_corpus()
    entry = next(each for each in shipped.manifest.files if each.path == "core/torch/f32/u-decay.json")
    data = json.loads((shipped.root / entry.path).read_bytes())
    for case in data["cases"]:
        change(case)
    text = json_bytes(data)
    manifest = json.loads((shipped.root / MANIFEST).read_bytes())
    files = [{**asdict(entry), "bytes": len(text), "sha256": digest(text)}]
    manifest |= {"files": files, "support": [], "floors": {}}
    (folder / entry.path).parent.mkdir(parents=True)
    (folder / entry.path).write_bytes(text)
    (folder / MANIFEST).write_bytes(json_bytes(manifest))
    return open_corpus(folder)


def test_a_corpus_that_is_not_the_published_one_is_called_changed(tmp_path: Path) -> None:
    corpus = changed_corpus(tmp_path, lambda case: case.update(why="because"))
    assert corpus.label.endswith("(changed)") and open_corpus().label == open_corpus().manifest.corpus
    judged = assert_conforms(open_target("backend:numpy"), golden=tmp_path)
    assert judged.corpus.endswith("(changed)")


def test_a_case_that_compares_nothing_is_no_case(tmp_path: Path) -> None:
    corpus = changed_corpus(tmp_path, lambda case: case.update(report=[], expect=[]))
    with pytest.raises(CorpusError, match="nothing would be compared"):
        corpus.cases("torch", "f32")
