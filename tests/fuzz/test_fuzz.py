"""Readers of what strangers hand in, under a fuzzer that is guided by coverage, for a bounded number of runs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from adamax_ref.conformance.protocol import line, request
from adamax_ref.golden.corpus import MANIFEST, shipped
from adamax_ref.golden.load import open_corpus

HARNESS = Path(__file__).parent / "harness.py"
RUNS = int(os.environ.get("ADAMAX_REF_FUZZ_RUNS", "3000"))
FOUND = 77  # libFuzzer's exit status when it has found something
MEMORY = 1024  # megabytes; the longest input is a hundredth of one

COPIED = ("core/torch/f32/maximize.json", "core/torch/f32/signed-zero.json")
LISTS = {"dialects": ["torch"], "profiles": ["f32"], "features": [], "declares": [], "exposes": ["theta"]}
HELLO = json.dumps({"axp": 1, "name": "x", "version": "1", "language": "c", **LISTS})


def seeds(reader: str) -> list[bytes]:
    """Return good inputs from which the fuzzer starts."""
    if reader == "vectors":
        documents = [json.loads(path.read_bytes()) for path in sorted(shipped().glob("core/torch/f32/*.json"))]
        return [json.dumps({**each, "count": 1, "cases": each["cases"][:1]}).encode() for each in documents]
    if reader == "manifest":
        whole = json.loads((shipped() / MANIFEST).read_bytes())
        files = [entry for entry in whole["files"] if entry["path"] in COPIED]
        return [json.dumps({**whole, "files": files, "support": whole["support"][:2]}).encode()]
    cases = [case for case in open_corpus().cases("torch", "f32") if case.category == "first"]
    answers = []
    for case in cases[:4]:
        steps = [{"step": step, "theta": case.init.theta, "m": None, "u": case.init.u, "t": step} for step in case.report]
        answers.append(json.dumps({"id": case.id, "steps": steps}))
    others = ['{"id":"x","refused":{"message":"no"}}', '{"id":"x","skipped":{"reason":"no","issue":"#1"},"x-a":1}']
    if reader != "answers":
        return [text.encode() for text in (*answers, *others, HELLO)]
    asked = line(request(cases[0], "torch")).decode().strip()
    told: list[dict[str, object]] = [{"format": "adamax-transcript/1"}, {"id": "", "sent": "", "received": HELLO}]
    told += [{"id": cases[0].id, "sent": asked, "received": answers[0]}, {"id": "x", "sent": "", "fault": ["crashed", "it"]}]
    return ["\n".join((HELLO, *answers)).encode(), "\n".join(map(json.dumps, told)).encode()]


def fuzz(reader: str, folder: Path, runs: int) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer on a reader; the input that broke it stays in the folder."""
    start, corpus = folder / "seeds", folder / "corpus"
    start.mkdir()
    corpus.mkdir()
    for at, data in enumerate(seeds(reader)):
        (start / str(at)).write_bytes(data)
    for path in COPIED:
        (corpus / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped() / path, corpus / path)
    limits = [f"-runs={runs}", "-seed=1", "-max_len=20000", f"-rss_limit_mb={MEMORY}", "-timeout=30", f"-artifact_prefix={folder}/"]
    # By way of a shell: what a process starts inherits its peak of memory, which is what the fuzzer looks at.
    shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    command = [*shell, sys.executable, str(HARNESS), reader, str(corpus), *limits, str(start)]
    return subprocess.run(command, capture_output=True, text=True, timeout=500)


@pytest.fixture(autouse=True)
def fuzzer(peer: Callable[[str], ModuleType]) -> None:
    """Need the fuzzer."""
    peer("atheris")


@pytest.mark.parametrize("reader", ["vectors", "manifest", "protocol", "answers"])
def test_a_reader_refuses_in_words_and_touches_nothing_else(reader: str, tmp_path: Path) -> None:
    done = fuzz(reader, tmp_path, RUNS)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {RUNS} runs" in done.stderr


def test_the_fuzzer_finds_a_reader_that_opens_another_file(tmp_path: Path) -> None:
    done = fuzz("planted", tmp_path, 1_000_000)
    assert done.returncode == FOUND, done.stderr[-2000:]
    assert "a reader did open ('/etc/hostname', 'r'" in done.stdout + done.stderr
