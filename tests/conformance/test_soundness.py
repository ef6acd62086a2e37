"""Nothing is accepted that was not shown to be right: one wrong number in any case, by every door."""

import json
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any, final
from unittest import SkipTest
from xml.etree import ElementTree as xml

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adamax_ref.cli import main
from adamax_ref.conformance.answer import FEATURES, Answer, Hello, Reported
from adamax_ref.conformance.comparison import compare
from adamax_ref.conformance.identify import identify
from adamax_ref.conformance.judge import Status, ask, judge
from adamax_ref.conformance.run import conclude, run
from adamax_ref.conformance.target import Target
from adamax_ref.conformance.targets import open_target
from adamax_ref.conformance.targets.callable import of
from adamax_ref.conformance.verdict import Grade, Verdict
from adamax_ref.dialects import get
from adamax_ref.golden.case import QUANTITIES, Case, Expectation
from adamax_ref.golden.expected import readings
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import canonical, with_flushes
from adamax_ref.golden.oracle import reported as states_of
from adamax_ref.golden.patterns import decode, encode
from adamax_ref.orders.axes import permitted
from adamax_ref.reports.writers import WRITERS
from adamax_ref.testing import assert_conforms, golden_cases
from adamax_ref.testing.assertion import Tier

PAIRS = sorted(open_corpus().manifest.floors)
ALL = ("theta", "m", "u", "t")
FEW = settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
"""A draw here is one for each case of a dialect and profile, thousands in all; more would only take longer."""


def reported(expect: Sequence[Expectation], column: str = "bits") -> tuple[Reported, ...]:
    """Return an answer made of one column of a case's expectations: ``bits``, ``true``, ``lo`` or ``hi``."""
    return tuple(shown(e.step, e.t, [getattr(getattr(e, name), column) for name in QUANTITIES]) for e in expect)


def shown(step: int, t: int, texts: Sequence[str]) -> Reported:
    """Return a reported step of parameter, moment and norm."""
    theta, m, u = texts
    return Reported(step, theta, m, u, t)


def right(case: Case) -> Answer:
    """Return the answer of the corpus, or the refusal that it asks for."""
    if case.error is not None:
        return Answer(case.id, refused=f"{case.error.field} is illegal")
    return Answer(case.id, steps=reported(case.expect or ()))


@final
class Scripted(Target):
    """A target that answers as the corpus does, except where it is told otherwise."""

    def __init__(
        self,
        pair: str,
        answers: Mapping[str, Answer] | None = None,
        declares: tuple[str, ...] = (),
        exposes: tuple[str, ...] = ALL,
    ) -> None:
        dialect, profile = pair.split("/")
        self._answers = {case.id: right(case) for case in cases(pair)} | dict(answers or {})
        self._hello = Hello("scripted", "1", "python", (dialect,), (profile,), FEATURES, declares, exposes)

    @property
    def hello(self) -> Hello:
        """One dialect and profile, with every feature."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Look the answer up."""
        answer = self._answers[case.id]
        hidden = {name: None for name in ALL if name not in self._hello.exposes}
        if answer.steps is None or not hidden:
            return answer
        return replace(answer, steps=tuple(Reported(**{**asdict(each), **hidden}) for each in answer.steps))


@cache
def cases(pair: str) -> list[Case]:
    """Return the shipped cases of a dialect and profile."""
    return open_corpus().cases(*pair.split("/"))


@cache
def values(pair: str) -> list[Case]:
    """Return those with values."""
    return [case for case in cases(pair) if case.result == "value"]


def in_range(case: Case, text: str, lo: str, hi: str) -> bool:
    """Tell whether every number lies in its range, by the numbers: the judge compares patterns."""
    rows = zip(*(decode(each, case.form) for each in (text, lo, hi)), strict=True)
    return all((low <= x <= high) or (x != x and low != low) for x, low, high in rows)


@st.composite
def wrong(draw: st.DrawFn, case: Case) -> Answer:
    """Draw the right answer with one number, or one counter, outside every range that a freedom could give it."""
    steps = list(reported(case.expect or ()))
    at = draw(st.integers(0, len(steps) - 1))
    name = draw(st.sampled_from([name for name in QUANTITIES if getattr(steps[at], name)] + ["t"]))
    if name == "t":
        counters = st.integers(0, 2**31).filter(lambda t: t != steps[at].t)
        steps[at] = replace(steps[at], t=draw(counters))
        return Answer(case.id, steps=tuple(steps))
    words = getattr(steps[at], name).split(" ")
    index = draw(st.integers(0, len(words) - 1))
    every = [case.expect or (), *(other.expect for other in case.either or ())]
    quantities = [getattr(expect[at], name) for expect in every]
    limits = [(each.lo.split(" ")[index], each.hi.split(" ")[index]) for each in quantities]
    words[index] = draw(outside(case, limits))
    changed: Any = {name: " ".join(words)}
    steps[at] = replace(steps[at], **changed)
    return Answer(case.id, steps=tuple(steps))


def outside(case: Case, limits: Sequence[tuple[str, str]]) -> st.SearchStrategy[str]:
    """Return patterns that lie in none of some ranges: neighbours of a limit, special numbers, any number."""
    top, sign = (1 << case.form.width) - 1, 1 << (case.form.width - 1)
    ends = [int(word, 16) for pair in limits for word in pair]
    near = [number for end in ends for number in (end - 1, end + 1, end ^ sign)]
    numbers = [number for number in (*near, 0, 1, sign, sign | 1, top) if 0 <= number <= top]
    drawn = st.one_of(st.sampled_from(numbers), st.integers(0, top))
    words = drawn.map(lambda number: f"{number:0{case.form.width // 4}x}")
    return words.filter(lambda word: not any(in_range(case, word, *pair) for pair in limits))


@pytest.mark.parametrize("pair", PAIRS)
@FEW
@given(data=st.data())
def test_one_wrong_number_in_any_case_is_never_accepted(pair: str, data: st.DataObject) -> None:
    """In every case, under every freedom that can be declared; in the whole run, whose other answers are right."""
    declares = data.draw(st.sampled_from([(), ("ftz",), ("hyper32",), ("ftz", "hyper32", "zero-sign-any")]))
    for case in values(pair):
        answer = data.draw(wrong(case))
        judged = ask(Scripted(pair, {case.id: answer}, declares), case)
        assert judged.status is Status.FAILED, (case.id, judged)
    verdict = conclude(Scripted(pair, {case.id: answer}, declares), cases(pair))
    assert (verdict.grade, verdict.exit) == (Grade.NOT_CONFORMANT, 1), case.id


def shown_right(verdict: Verdict, declares: tuple[str, ...]) -> bool:
    """Tell whether every case of a run was answered, with every number in its range or that of a declared freedom."""
    for judged in verdict.cases:
        case, steps = judged.case, judged.answer.steps
        if case.result == "reject":
            if judged.answer.refused is None:
                return False
            continue
        expected = [case.expect or (), *(e.expect for e in case.either or () if e.when in declares)]
        if steps is None or not any(all_in_range(case, steps, expect, declares) for expect in expected):
            return False
    return True


def all_in_range(case: Case, steps: Sequence[Reported], expect: Sequence[Expectation], declares: tuple[str, ...]) -> bool:
    """Tell whether an answer lies in one list of expectations."""
    strict = "strict-zero" in case.flags and "zero-sign-any" not in declares
    for got, want in zip(steps, expect, strict=True):
        texts = [(getattr(got, name), getattr(want, name)) for name in QUANTITIES]
        if got.t != want.t or not all(in_range(case, text, each.lo, each.hi) for text, each in texts):
            return False
        if strict and any(_other_zero(case, text, each.bits) for text, each in texts):
            return False
    return True


def _other_zero(case: Case, text: str, bits: str) -> bool:
    form = case.form
    pairs = zip(text.split(" "), bits.split(" "), strict=True)
    return any(a != b and decode(a, form) == decode(b, form) == (0.0,) for a, b in pairs)


@st.composite
def answers(draw: st.DrawFn, case: Case) -> Answer:
    """Draw an answer: now and then a column of the expectations, a freedom, or a wrong number."""
    kind = draw(st.sampled_from(["bits"] * 8 + ["lo", "hi", "true", "either", "wrong"]))
    if case.result == "reject" or (kind == "either" and not case.either):
        return right(case)
    if kind == "wrong":
        return draw(wrong(case)) if draw(st.integers(0, 4)) == 0 else right(case)
    if kind == "either":
        return Answer(case.id, steps=reported(draw(st.sampled_from(case.either or ())).expect))
    return Answer(case.id, steps=reported(case.expect or (), kind))


@pytest.mark.parametrize("pair", PAIRS)
@FEW
@given(data=st.data())
def test_a_run_is_accepted_if_and_only_if_each_number_of_each_case_was_in_range(pair: str, data: st.DataObject) -> None:
    declares = data.draw(st.sampled_from([(), ("ftz",), ("hyper32",), ("zero-sign-any", "hyper32", "ftz")]))
    made = {case.id: data.draw(answers(case)) for case in cases(pair)}
    verdict = conclude(Scripted(pair, made, declares), cases(pair))
    assert verdict.grade.conforms is shown_right(verdict, declares)
    assert all(judged.freedom in ("", *declares) for judged in verdict.cases)


@pytest.mark.parametrize("pair", ["torch/f32", "torch/f64", "keras/f64", "paper/bf16", "torch/c64"])
@settings(FEW, max_examples=1)
@given(data=st.data())
def test_a_wrong_number_is_refused_by_every_door(pair: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    dialect, profile = pair.split("/")
    case = data.draw(st.sampled_from(values(pair)))
    target = Scripted(pair, {case.id: data.draw(wrong(case))})
    judged = run(target, open_corpus(), dialect, profile)
    assert (judged.verdict.grade, judged.verdict.exit) == (Grade.NOT_CONFORMANT, 1)
    for tier in typing.get_args(Tier):
        with pytest.raises(AssertionError, match="NOT CONFORMANT"):
            assert_conforms(target, dialect, profile, tier=tier)
    with pytest.raises(AssertionError, match=f"{case.id}: failed"):
        next(each for each in golden_cases(dialect, profile) if each.case.id == case.id).check(target)
    comparison = [each for each in compare(Scripted(pair), target, cases(pair)) if each.parts]
    assert [each.case.id for each in comparison] == [case.id]
    _refused_in_reports(judged)
    file = tmp_path_factory.mktemp("answers") / "answers"
    file.write_text(
        "\n".join(map(json.dumps, [hello_line(target.hello), *(answer_line(target, each) for each in cases(pair))])),
        encoding="utf-8",
    )
    done = CliRunner().invoke(main, ["verify", f"answers:{file}", "--dialect", dialect, "--profile", profile])
    assert done.exit_code == 1 and "verdict NOT CONFORMANT" in done.output and f"{case.id} rev" in done.output
    (text,) = (line for line in done.output.splitlines() if line.startswith("verdict"))
    assert text.startswith(f"verdict {judged.verdict.text}   ")


def _refused_in_reports(judged: Any) -> None:
    texts = {form: write([judged]) for form, write in WRITERS.items()}
    footer = json.loads(texts["json"].splitlines()[-1])
    assert (footer["grade"], footer["verdict"], footer["exit"]) == ("NOT CONFORMANT", judged.verdict.text, 1)
    suites = xml.fromstring(texts["junit"])
    assert int(suites.attrib["failures"]) == 2, "the case, and the verdict"
    badge = json.loads(texts["badge"])
    assert badge["color"] == "red" and badge["message"].startswith("not conformant")
    assert '<span class="status failed">' in texts["html"] and "NOT CONFORMANT" in texts["html"]


def hello_line(hello: Hello) -> dict[str, Any]:
    """Return the first line of a file of answers."""
    optional = ("device", "recipe", "homepage", "issues")
    return {"axp": 1, **{name: value for name, value in asdict(hello).items() if name not in optional}}


def answer_line(target: Target, case: Case) -> dict[str, Any]:
    """Return the line of an answer."""
    answer = target.run(case)
    if answer.refused is not None:
        return {"id": case.id, "refused": {"message": answer.refused}}
    return {"id": case.id, "steps": [asdict(each) for each in answer.steps or ()]}


def subnormal_answers_42(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
    """Do the paper's step in single precision, but answer 42 where a gradient or a norm is subnormal."""
    import numpy as np

    least = np.finfo(p.dtype).smallest_normal
    strange = any(((abs(x) < least) & (x != 0)).any() for x in (g, u))
    m = p.dtype.type(hyper.beta1) * m + p.dtype.type(1 - hyper.beta1) * g
    u = np.maximum(p.dtype.type(hyper.beta2) * u, abs(g))
    p = p - p.dtype.type(hyper.lr / (1 - hyper.beta1**t)) * m / u
    return tuple(np.full_like(x, 42) if strange else x for x in (p, m, u))


@pytest.mark.parametrize("declares", [(), ("ftz",)])
def test_a_program_that_is_wrong_only_where_numbers_are_subnormal_does_not_conform(declares: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="NOT CONFORMANT"):
        assert_conforms(subnormal_answers_42, "paper", "f32", lacks=("complex", "maximize", "l2"), declares=declares)


def flushing(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
    """Do torch's step in double precision on numbers whose subnormals are zeros."""
    import numpy as np

    def flushed(x: Any) -> Any:
        return np.where(abs(x) < np.finfo(np.float32).smallest_normal, np.copysign(np.float32(0), x), x)

    p, g, m, u = (flushed(x).astype(np.float64) for x in (p, g, m, u))
    m = hyper.beta1 * m + (1 - hyper.beta1) * g
    u = np.maximum(hyper.beta2 * u, abs(g) + hyper.eps)
    p = p - hyper.lr / (1 - hyper.beta1**t) * m / u
    return tuple(flushed(x.astype(np.float32)) for x in (p, m, u))


def test_a_callable_that_flushes_conforms_only_if_it_declares_it() -> None:
    lacks = ("complex", "maximize", "l2", "decoupled")
    with pytest.raises(AssertionError, match="NOT CONFORMANT"):
        assert_conforms(flushing, "torch", "f32", lacks=lacks)
    judged = assert_conforms(flushing, "torch", "f32", lacks=lacks, declares=("ftz",))
    assert judged.verdict.freedoms["ftz"] > 0
    assert any(note.startswith("ftz: ") for note in judged.verdict.notes)
    case = next(each.case for each in judged.verdict.cases if each.freedom)
    golden = next(each for each in golden_cases("torch", "f32") if each.case.id == case.id)
    golden.check(flushing, lacks=lacks, declares=("ftz",))
    with pytest.raises(AssertionError):
        golden.check(flushing, lacks=lacks)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"declares": ("flush",)}, "declares has unknown 'flush'; known are ftz"),
        ({"lacks": ("decay",)}, "lacks has unknown 'decay'; known are l2"),
        ({"declares": "ftz"}, r"write a tuple, \('ftz',\)"),
    ],
)
def test_a_word_that_is_unknown_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        assert_conforms(flushing, **arguments)


def test_what_a_target_says_of_itself_cannot_be_said_beside_it() -> None:
    with pytest.raises(ValueError, match="says so in its hello; leave declares out"):
        of(Scripted("torch/f32"), declares=("ftz",))
    with pytest.raises(ValueError, match="lacks is for callable:MODULE:NAME; backend:numpy says so itself"):
        open_target("backend:numpy", lacks=("l2",))


def test_a_name_is_given_to_the_cases_that_the_recipe_reproduces_and_a_freedom_only_where_it_is_declared() -> None:
    """A target of one recipe that passes hyperparameters through binary32 in some cases, as it may only if it says so."""
    law = with_flushes(next(each for each in permitted(get("torch"), "f64", decaying=True) if "final=F2" in each.name))
    made = {}
    for at, case in enumerate(values("torch/f64")):
        changed = [(other, dialect) for token, other, dialect in readings(case, law) if token == "hyper32"]
        asked, dialect = changed[0] if changed and case.either and at % 2 else (case, law)
        steps = zip(case.report, states_of(canonical(dialect, "f64"), asked), strict=True)
        columns = [(n, [encode(getattr(s, name), case.form) for name in QUANTITIES], s.t) for n, s in steps]
        made[case.id] = Answer(case.id, steps=tuple(shown(n, t, texts) for n, texts, t in columns))
    declared = conclude(Scripted("torch/f64", made, ("hyper32",)), cases("torch/f64"))
    assert declared.grade is Grade.NAMED and declared.recipe == law.name
    assert declared.counts[Status.EXACT] > 0 and declared.freedoms["hyper32"] > 0
    silent = conclude(Scripted("torch/f64", made), cases("torch/f64"))
    assert silent.grade is Grade.NOT_CONFORMANT and silent.recipe is None
    assert all(each.status is not Status.NAMED for each in silent.cases)


def test_without_a_number_there_is_no_verdict() -> None:
    refusals = [case for case in cases("torch/f32") if case.result == "reject"]
    assert conclude(Scripted("torch/f32"), refusals).grade is Grade.NOT_ENOUGH_EVIDENCE
    blind = Scripted("torch/f32", exposes=())
    assert all(judge(case, blind.run(case), blind.hello).status is Status.ERROR for case in values("torch/f32"))


@pytest.mark.parametrize(
    ("exposes", "remark"),
    [(("theta",), "(theta only)"), (("theta", "m", "t"), "(theta and m only)"), (("theta", "u"), "(theta and u only)")],
)
def test_a_verdict_says_what_alone_was_compared(exposes: tuple[str, ...], remark: str) -> None:
    verdict = conclude(Scripted("torch/f32", exposes=exposes), cases("torch/f32"))
    assert verdict.text == f"EXACT {remark}"


@settings(FEW, max_examples=3)
@given(data=st.data())
def test_identify_names_no_dialect_for_answers_with_a_wrong_number(data: st.DataObject) -> None:
    honest = open_target("backend:numpy")
    probe = data.draw(st.sampled_from(["roundings", "decay", "double", "half"]))

    class Corrupted(Target):
        hello = replace(honest.hello, dialects=("torch",), features=("l2", "init-state"))

        def run(self, case: Case) -> Answer:
            answer = honest.run(case)
            if case.slug != probe or not answer.steps:
                return answer
            *before, last = answer.steps
            words = (last.u or "").split(" ")
            at = data.draw(st.integers(0, len(words) - 1))
            words[at] = f"{int(words[at], 16) ^ 1:0{len(words[at])}x}"
            return replace(answer, steps=(*before, replace(last, u=" ".join(words))))

    assert identify(Corrupted()).names == ()


def test_a_case_that_was_not_compared_is_a_skip_and_never_a_pass() -> None:
    case = next(each for each in golden_cases("torch", "f32") if each.case.needs)
    with pytest.raises(SkipTest, match="has no"):
        case.check(lambda p, g, m, u, t, hyper: (p, m, u), lacks=case.case.needs)


def test_the_smallest_files_of_reports_agree_on_one_verdict(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    judged = assert_conforms(Scripted("torch/f32"), "torch", "f32", tier="exact", html=page)
    assert '<span class="status exact">' in page.read_text(encoding="utf-8")
    assert json.loads(WRITERS["json"]([judged]).splitlines()[-1])["grade"] == "EXACT"
