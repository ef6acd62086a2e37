"""The proof script, as far as it can be tested without a GPU."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import why_unavailable

Load = Callable[[str], Any]


def test_without_a_device_the_record_says_so_and_why(program: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reason = why_unavailable("cupy")
    if reason is None:
        pytest.skip("there is a device here")
    assert program("proof").main([str(tmp_path / "gpu.json")]) == 3
    record = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert record == json.loads(capsys.readouterr().out)
    assert (record["status"], record["reason"]) == ("not yet measured on a GPU", reason)
    assert record["versions"]["numpy"] == np.__version__ and record["date"]


def test_a_part_that_fails_does_not_stop_the_others(program: Load) -> None:
    proof = program("proof")
    record = proof.record_of(None, {"a": lambda: 1, "b": lambda: 1 / 0, "c": lambda: {"x": 2}})
    assert record["parts"] == {"a": 1, "b": {"failed": "ZeroDivisionError: division by zero"}, "c": {"x": 2}}
    assert (record["status"], record["failed"]) == ("incomplete", ["b"])


def test_what_was_found_is_noted_after_each_part(program: Load) -> None:
    notes: list[Any] = []
    program("proof").record_of(None, {"a": lambda: 1, "b": lambda: 1 / 0}, lambda record: notes.append(dict(record["parts"])))
    assert notes == [{"a": 1}, {"a": 1, "b": {"failed": "ZeroDivisionError: division by zero"}}]


def test_no_part_is_started_after_the_limit(program: Load) -> None:
    seconds = iter([0.0, 1.0, 600.0])
    found = program("proof").attempt_all({"a": lambda: "done", "b": lambda: "done"}, lambda: next(seconds))
    assert found == {"a": "done", "b": {"left_out": "520 seconds were over"}}


def test_the_limits_of_the_parts_fit_into_nine_minutes(program: Load) -> None:
    assert program("proof").LIMIT < 540


def test_a_record_of_the_last_run_stands_in_the_docs(program: Load) -> None:
    proof = program("proof")
    record = json.loads(proof.RECORD.read_text(encoding="utf-8"))
    assert record["status"] in ("measured", "incomplete", proof.NOT_MEASURED)
    page = (proof.ROOT / "docs" / "cuda.md").read_text(encoding="utf-8")
    assert (proof.NOT_MEASURED in page) == (record["status"] == proof.NOT_MEASURED)


def test_the_corpus_part_judges_an_engine(program: Load) -> None:
    found = program("proof").corpus("numpy")
    assert found["exact"] and found["cases"] > 100


def test_contenders_take_turns_and_become_ratios(program: Load) -> None:
    speed = program("speed")
    turns: list[str] = []

    def stopwatch(step: Callable[[], Any], steps: int) -> float:
        for _ in range(steps):
            step()
        return {"copy": 2.0, "ours": 3.5}[turns[-1]] * steps

    contenders = {"copy": lambda: turns.append("copy"), "ours": lambda: turns.append("ours")}
    times = speed.interleaved(contenders, stopwatch, rounds=3, steps=2)
    assert turns == ["copy", "ours", *(["copy"] * 2 + ["ours"] * 2) * 3]
    assert times == {"copy": [2.0] * 3, "ours": [3.5] * 3}
    assert speed.summary(times, 1000, 4)["ours"]["of_copy_bandwidth"] == 2.0


def test_the_steps_that_are_timed_run_on_any_engine(program: Load) -> None:
    speed = program("speed")
    step = speed.ours("numpy", [5, 7], lambda size: np.ones(size, np.float32))

    def wall(step: Callable[[], Any], steps: int) -> float:
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        return 1e3 * (time.perf_counter() - begin)

    assert speed.interleaved({"ours": step}, wall, 2, 3)["ours"][0] > 0
    assert speed.equal_to_numpy("numpy", 1003)


@pytest.mark.frameworks
def test_torch_on_the_cpu_is_settled_by_the_same_comparison(program: Load, peer: Callable[[str], Any]) -> None:
    peer("torch")
    found = program("settle").settle_all("cpu", (np.float32,))
    assert len(found) == 8
    assert all(differing["torch"] == 0 for differing in found.values()), found
    assert any(differing["torch/cuda"] > 0 for differing in found.values())
