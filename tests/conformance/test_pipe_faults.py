"""A program that misbehaves gets a row that says how; every other case is judged, and no process stays behind."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import pytest

from adamax_ref.conformance.judge import Judged, judge
from adamax_ref.conformance.targets.program import REPLACEMENTS, TIMEOUT, PipeTarget
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus

MISBEHAVING = Path(__file__).parent / "misbehaving.py"
WHEN = 3
# What a program does at the third case, and what the row of that case says; None: nothing, all is well.
FAULTS = {
    "hang": "timeout: no answer within 3 s",
    "crash": "crashed: it was ended by SIGSEGV before it answered",
    "exit": r"crashed: it ended with status 3 before it answered; standard error ends: out of \x1b[31mluck",
    "garbage": "malformed: answer: not JSON",
    "bytes": "malformed: answer: not JSON",
    "half-line": "malformed: the output ended in the middle of a line",
    "half-line-and-hang": "timeout: no answer within 3 s",
    "long-line": "malformed: a line of more than 64 MiB",
    "endless-line": "malformed: a line of more than 64 MiB",
    "wrong-id": "wrong-id: answers 'torch/f32/other/case' where",
    "no-id": "wrong-id: answers None where",
    "out-of-order": "wrong-id: answers",
    "extra-field": "protocol: answer: unknown field 'elapsed'",
    "extension": None,
    "numbers": "protocol: answer.steps[0].theta: expected str, found list",
    "upper-case": "protocol: theta at step 1: malformed pattern",
    "nan": "protocol: theta at step 1: malformed pattern 'nan'; write 8 lower-case hexadecimal digits",
    "too-few": "protocol: theta at step 1 has 0 numbers, the tensor",
    "lacks-u": "protocol: u is missing at step 1",
    "lacks-steps": "protocol: answers for steps [], asked for [1",
    "two-answers": "protocol: answer: has steps and refused of steps, refused, skipped, error; write exactly one",
    "no-answer": "protocol: answer: has none of steps, refused, skipped, error; write exactly one",
    "blank-reason": "protocol: answer.skipped.reason is blank",
    "adapter-error": "adapter-error: index out of range",
    "nested": "malformed: answer: nested too deeply",
    "many-values": "malformed: answer: a line of more than 1048576 values",
    "large-number": "malformed: answer: not JSON",
    "repeated-key": "malformed: answer: a field occurs twice",
    "not-an-object": "malformed: answer: expected an object, found list",
    "nothing": "malformed: answer: not JSON",
    "surrogate": r"wrong-id: answers '\ud800' where",
    "complaints": None,
    "carriage-return": None,
    "leaves-a-child": "crashed: it ended with status 0 before it answered",
    "closes-output": "crashed: it closed its standard output before it answered",
    "good": None,
}
Start = Callable[..., PipeTarget]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Six plain cases."""
    found = [case for case in open_corpus().cases("torch", "f32") if case.category == "first" and not case.needs]
    return found[:6]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the program in a mode; afterwards, none of its processes may be there any more."""
    log = tmp_path / "processes"
    targets = []

    def started(mode: str, when: int = WHEN) -> PipeTarget:
        if "hang" in mode:
            monkeypatch.setenv(TIMEOUT, "3")
        folder = str(files("adamax_ref").joinpath("adapters", "python"))
        targets.append(PipeTarget([sys.executable, str(MISBEHAVING), folder, mode, str(when), str(log)]))
        return targets[-1]

    yield started
    for target in targets:
        target.close()
    pids = [int(line) for line in log.read_text(encoding="utf-8").split()]
    assert pids
    for pid in pids:
        assert is_gone(pid), f"process {pid} is still there"


def is_gone(pid: int) -> bool:
    """Tell whether neither a process nor its group is there, a killed orphan having a moment until it is reaped."""
    for _ in range(100):
        states = [_state(pid, os.kill), _state(pid, os.killpg)]
        if not any(states):
            return True
        time.sleep(0.05)
    return _is_dead_orphan(pid)


def _state(pid: int, send: Callable[[int, int], None]) -> bool:
    try:
        send(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is_dead_orphan(pid: int) -> bool:
    """Tell whether all that is left is the entry of a killed orphan, which is for the first process to remove."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] == "Z" and int(fields[1]) != os.getpid()


def judged(target: PipeTarget, cases: Sequence[Case]) -> list[Judged]:
    """Send the cases and judge the answers."""
    return [judge(case, target.run(case), target.hello) for case in cases]


@pytest.mark.parametrize("mode", FAULTS)
def test_a_fault_is_told_in_its_row_and_the_other_cases_are_judged(mode: str, start: Start, cases: list[Case]) -> None:
    expected = FAULTS[mode]
    found = judged(start(mode), cases)
    good = [each.status for at, each in enumerate(found, 1) if expected is None or at % WHEN]
    assert set(good) == {"exact"}
    if expected is not None:
        assert found[WHEN - 1].status == "error"
        assert found[WHEN - 1].remark.startswith(expected)


@pytest.mark.parametrize("mode", ["exit", "hang", "leaves-a-child", "good"])
def test_it_is_the_same_on_a_system_that_cannot_look_without_reaping(
    mode: str, start: Start, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "waitid")
    test_a_fault_is_told_in_its_row_and_the_other_cases_are_judged(mode, start, cases)


def test_the_answer_after_a_doubled_one_is_under_another_id(start: Start, cases: list[Case]) -> None:
    statuses = [each.status for each in judged(start("doubled"), cases)]
    assert statuses == ["exact"] * 3 + ["error"] + ["exact"] * 2


def test_a_program_that_closes_its_input_may_still_answer_what_it_was_asked(start: Start, cases: list[Case]) -> None:
    target = start("closes-input")
    assert judge(cases[0], target.run(cases[0]), target.hello).status == "exact"


def test_a_skip_has_a_reason_and_is_no_fault(start: Start, cases: list[Case]) -> None:
    found = judged(start("skips"), cases)
    assert (found[2].status, found[2].reason) == ("skipped", "not yet (#12)")


def test_a_program_that_fails_every_time_is_given_up_after_five_replacements(start: Start, cases: list[Case]) -> None:
    target = start("exit", 1)
    reasons = [each.kind for each in judged(target, cases * 2)]
    assert reasons == ["crashed"] * (REPLACEMENTS + 1) + ["given-up"] * (2 * len(cases) - REPLACEMENTS - 1)
    assert len([note for note in target.notes if "was ended after crashed" in note]) == REPLACEMENTS + 1
    assert r"its standard error ended: out of \x1b[31mluck" in target.notes


def test_the_fixture_notices_a_process_that_stays_behind() -> None:
    assert not is_gone(os.getpid())
