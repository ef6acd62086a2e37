"""The flat files say the same as the JSON files: read with nothing but `split`, they give the same cases."""

from collections.abc import Iterator
from typing import Any

import pytest

from adamax_ref.golden.case import Case
from adamax_ref.golden.codec import CorpusError
from adamax_ref.golden.corpus import MANIFEST
from adamax_ref.golden.flat import flat_bytes
from adamax_ref.golden.load import open_corpus

PAIRS = sorted(open_corpus().manifest.floors)


def read(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Read a flat file as a program without JSON would."""
    case: dict[str, Any] = {"hyper": []}
    for line in lines:
        word, *rest = line.split(" ")
        if word == "case":
            case = {"case": rest, "hyper": case["hyper"], "t": ["0"], "steps": []}
            yield case
        elif word in ("grad", "skip"):
            case["steps"].append({"grad": rest if word == "grad" else None, "lr": case.pop("lr", None), "want": {}})
        elif word == "want":
            case["steps"][-1]["want"][rest[0]] = {end: rest[1:] for end in ("want", "least", "most")}
        elif word in ("least", "most"):
            case["steps"][-1]["want"][rest[0]][word] = rest[1:]
        elif word != "#":
            case[word] = rest


def told(case: Case) -> dict[str, Any]:
    """Return what the same program should know of a case."""
    hyper, init = case.hyper, case.init
    known: dict[str, Any] = {
        "case": [case.id],
        "needs": list(case.needs),
        "strict-zero": "strict-zero" in case.flags,
        "hyper": [number.f64 for number in (hyper.lr, hyper.beta1, hyper.beta2, hyper.eps)],
        "decay": [hyper.decay, hyper.weight_decay.f64],
        "maximize": hyper.maximize,
        "refuse": [case.error.field, case.error.class_] if case.error else [],
        "shape": [str(length) for length in case.shape],
        "t": [str(init.t)],
        "theta": init.theta.split(),
    }
    known |= {name: getattr(init, name).split() if set(getattr(init, name)) - set("0 ") else [] for name in "mu"}
    return known | {"steps": [_step(case, at) for at in range(len(case.steps))]}


def _step(case: Case, at: int) -> dict[str, Any]:
    step = case.steps[at]
    want: dict[str, Any] = {}
    for expect in case.expect or ():
        if expect.step == at + 1:
            columns = {name: getattr(expect, name) for name in ("theta", "m", "u")}
            want = {name: {"want": q.bits.split(), "least": q.lo.split(), "most": q.hi.split()} for name, q in columns.items()}
            want["t"] = {end: [str(expect.t)] for end in ("want", "least", "most")}
    return {"grad": None if step.grad is None else step.grad.split(), "lr": step.lr and [step.lr.f64], "want": want}


USUAL: dict[str, Any] = {
    "needs": [],
    "decay": ["none", "0" * 16],
    "refuse": [],
    "m": [],
    "u": [],
}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_flat_file_gives_the_cases_of_the_json_files(pair: str) -> None:
    corpus = open_corpus()
    lines = (corpus.root / "core" / f"{pair}.txt").read_text(encoding="utf-8").splitlines()
    found = [USUAL | case for case in list(read(iter(lines)))]
    for case in found:
        case.update((word, word in case) for word in ("strict-zero", "maximize"))
    assert found == [told(case) for case in corpus.cases(*pair.split("/"))]


def test_no_line_ends_in_a_blank_or_holds_two_in_a_row() -> None:
    lines = flat_bytes("core", "torch", "f32", open_corpus().cases("torch", "f32")).decode().splitlines()
    assert not [line for line in lines if not line.startswith("#") and (line != line.strip() or "  " in line)]


def test_the_head_explains_every_word() -> None:
    head: set[str] = set()
    body: set[str] = set()
    for line in (open_corpus().root / "core/torch/f32.txt").read_text(encoding="utf-8").splitlines():
        (head if line.startswith("#") else body).add(line)
    explained = " ".join(head).replace(",", " ").replace("|", " ").split()
    assert {line.split()[0] for line in body} <= set(explained)


def test_a_manifest_cannot_name_a_text_file_elsewhere(copied: Any) -> None:
    text = (copied / MANIFEST).read_text(encoding="utf-8")
    (copied / MANIFEST).write_text(text.replace('"core/torch/f32.txt"', '"core/../../outside.txt"'), encoding="utf-8")
    with pytest.raises(CorpusError, match="is no path of a support file"):
        open_corpus(copied)
