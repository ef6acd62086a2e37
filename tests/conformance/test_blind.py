"""Questions in a file tell nothing of what must come out, and the answers to them are judged like any others."""

import json
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adamax_ref.cli import main
from adamax_ref.conformance.protocol import HELLO, request
from adamax_ref.conformance.targets import open_target
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus

HELLO_BACK = {
    **{"axp": 1, "name": "elsewhere", "version": "1", "language": "python", "dialects": ["torch"], "profiles": ["f32"]},
    **{"features": ["l2", "maximize", "init-state", "lr-schedule", "skip"], "declares": [], "exposes": ["theta", "m", "u", "t"]},
}
ASKED = ("--dialect", "torch", "--profile", "f32")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def blind() -> list[dict[str, object]]:
    """Return the questions on the whole corpus, without the first, which is hello."""
    first, *rest = run("golden", "questions").stdout.splitlines()
    assert json.loads(first) == HELLO
    return [json.loads(line) for line in rest]


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """Return all cases of the corpus, by number."""
    corpus = open_corpus()
    every = [case for entry in corpus.manifest.files for case in corpus.file(entry).cases]
    numbered = {case.number: case for case in every}
    assert len(numbered) == len(every) > 2_000
    return numbered


def test_a_blind_question_is_that_of_its_case_without_its_name_and_its_constants(
    blind: list[dict[str, object]], cases: dict[str, Case]
) -> None:
    assert sorted(str(each["id"]) for each in blind) == sorted(cases)
    for each in blind:
        case = cases[str(each["id"])]
        wanted: dict[str, Any] = request(case, case.dialect)
        steps = [{name: value for name, value in step.items() if name != "constants"} for step in wanted["steps"]]
        assert each == {**wanted, "id": case.number, "steps": steps}


def test_questions_of_a_profile_come_in_the_order_of_their_numbers(blind: list[dict[str, object]]) -> None:
    for (dialect, profile), group in groupby(blind, lambda each: (each["dialect"], each["profile"])):
        numbers = [str(each["id"]) for each in group]
        assert numbers == sorted(numbers), (dialect, profile)
        assert all(re.fullmatch(r"\d{12}", number) for number in numbers)


def test_what_must_be_refused_and_what_must_be_computed_differ_in_values_alone(
    blind: list[dict[str, object]], cases: dict[str, Case]
) -> None:
    """Fields and their order are the same, whatever must come out."""
    forms: dict[str, set[str]] = {"value": set(), "reject": set()}
    for each in blind:
        forms[cases[str(each["id"])].result].add(json.dumps(form(each)))
    assert forms["reject"] and forms["reject"] <= forms["value"]
    named = {"reject": set[str](), "value": set[str]()}
    for case in cases.values():
        named[case.result].add(json.dumps(form(request(case, case.dialect))))
    assert not named["reject"] <= named["value"]  # as asked of a program that is judged live, constants tell them apart


def form(value: object) -> object:
    """Return the names of all fields, with one step of each kind, and nothing of their values."""
    if isinstance(value, dict):
        return {name: form(each) for name, each in value.items()}
    return sorted({json.dumps(form(each)) for each in value}) if isinstance(value, list) else None


def answers(tmp_path: Path, named: str, change: bool = False) -> Path:
    """Write the answers of a right engine under ids or numbers; `change` makes a refusal of the first that was computed."""
    target, lines = open_target("backend:numpy"), [json.dumps(HELLO_BACK)]
    for case in open_corpus().cases("torch", "f32"):
        answer, name = target.run(case), str(getattr(case, named))
        if answer.steps is None or (change and len(lines) == 1):
            lines.append(json.dumps({"id": name, "refused": {"message": answer.refused or "no"}}))
        else:
            steps = [{key: getattr(step, key) for key in ("step", "theta", "m", "u", "t")} for step in answer.steps]
            lines.append(json.dumps({"id": name, "steps": steps}))
    file = tmp_path / f"answers-{named}"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("change", [False, True])
def test_answers_under_numbers_get_the_verdict_of_answers_under_ids(tmp_path: Path, change: bool) -> None:
    by_id, by_number = (run("verify", f"answers:{answers(tmp_path, name, change)}", *ASKED) for name in ("id", "number"))
    assert (by_number.exit_code, by_number.output) == (by_id.exit_code, by_id.output)
    assert by_id.exit_code == int(change), by_id.output
    assert ("torch/f32/" in by_id.output) is change  # a case that fails is reported by its name


def test_an_answer_to_no_question_and_one_under_both_names_are_faults(tmp_path: Path) -> None:
    file = answers(tmp_path, "number")
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole + '{"id": "000000000000", "refused": {"message": "no"}}\n', encoding="utf-8")
    stranger = run("verify", f"answers:{file}", *ASKED)
    assert (stranger.exit_code, "'000000000000' is answered, but no case that is asked" in stranger.output) == (2, True)
    case: Case = open_corpus().cases("torch", "f32")[0]
    again = next(line for line in whole.splitlines() if case.number in line).replace(case.number, case.id)
    file.write_text(f"{whole}{again}\n", encoding="utf-8")
    twice = run("verify", f"answers:{file}", *ASKED)
    assert (twice.exit_code, f"answered twice: under its id and as {case.number}" in twice.output) == (1, True)
