"""The benchmark: what it counts and says, and that a time never stands without a verdict. No time is ever asserted."""

import json
import mmap
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from adamax_ref.backend import BackendUnavailable
from adamax_ref.bench.contender import YARDSTICKS, copy_yardstick, ours, scale_yardstick, words_yardstick
from adamax_ref.bench.measure import FEWEST, extra_memory, interleave
from adamax_ref.bench.peers import PEERS
from adamax_ref.bench.problem import Problem, of_model
from adamax_ref.bench.record import WARM_UP, measure
from adamax_ref.bench.table import title
from adamax_ref.bench.verdict import Judge
from adamax_ref.cli import main

SMALL = Problem(3, 50, decay=0.01)


def _warm(contender: Any) -> Any:
    for _ in range(WARM_UP):
        contender.step()
    return contender


def _verdict(contender: Any) -> str:
    return Judge(SMALL, WARM_UP).verdict(contender)


def test_start_values_are_the_same_at_every_call_and_of_the_asked_type() -> None:
    for profile, name in (("f64", "float64"), ("f16", "float16"), ("bf16", "bfloat16")):
        problem = replace(SMALL, profile=profile)
        first, again = problem.start(), problem.start()
        assert [[a.tobytes() for a in part] for part in first] == [[a.tobytes() for a in part] for part in again]
        assert first[0][0].dtype.name == name and problem.itemsize == first[0][0].itemsize


def test_our_engines_are_exact() -> None:
    for name in ("numpy", "numpy-emulated"):
        assert _verdict(_warm(ours(name, SMALL))) == "exact: the bits of torch"


def test_a_wrong_bit_changes_the_verdict() -> None:
    contender = _warm(ours("numpy", SMALL))
    assert contender.result is not None
    ps, ms, us = contender.result()
    ms[1].view(np.uint32)[7] ^= 1
    spoiled = replace(contender, result=lambda: (ps, ms, us))
    assert _verdict(spoiled) == "1 of 450 numbers differ from torch"


def test_a_step_too_many_changes_the_verdict() -> None:
    contender = _warm(ours("numpy", SMALL))
    contender.step()
    assert _verdict(contender).endswith("numbers differ from torch")


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["torch", "torch-foreach"])
def test_torch_is_stepped_as_we_say(peer: Callable[[str], Any], name: str) -> None:
    peer("torch")
    contender = _warm(PEERS[name](SMALL))
    assert _verdict(contender) == "exact: the bits of torch"
    assert contender.calls is not None and contender.calls >= 7


@pytest.mark.frameworks
def test_optax_is_stepped_and_judged_by_its_own_recipe(peer: Callable[[str], Any]) -> None:
    peer("optax")
    assert "optax/jit-many" in _verdict(_warm(PEERS["optax"](SMALL)))


@pytest.mark.frameworks
def test_another_algorithm_is_named_as_such(peer: Callable[[str], Any]) -> None:
    peer("torch")
    assert _verdict(_warm(PEERS["torch-adamw"](SMALL))) == "another algorithm, the same bytes"


@pytest.mark.parametrize("threads", [1, 3])
def test_yardsticks_touch_every_byte(threads: int) -> None:
    big = Problem(1, 500_003)
    for yardstick in (copy_yardstick(big, threads), scale_yardstick(big, threads)):
        yardstick.step()
    source, target = np.arange(500_003), np.zeros(500_003, np.int64)
    from adamax_ref.bench.contender import _on_threads

    _on_threads(np.copyto, (target, source), threads)()
    assert np.array_equal(source, target)


def test_the_same_words_are_moved_and_nothing_else(peer: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    peer("numba")
    made: list[np.ndarray] = []
    full = np.full

    def kept(*args: Any) -> np.ndarray:
        made.append(full(*args))
        return made[-1]

    monkeypatch.setattr(np, "full", kept)
    yardstick = words_yardstick(Problem(7, 11, "f16"))
    yardstick.step()
    p, g, m, u = (array for array in made if abs(array.nbytes - 7 * 11 * 2) < 4)  # compiling makes arrays of its own
    assert [set(array.tolist()) for array in (p, g, m, u)] == [{2.0}, {2.0}, {1.0}, {3.0}]
    assert yardstick.words == 7


def test_a_long_measurement_ends_early_but_not_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("adamax_ref.bench.measure"), "SECONDS", 0.0)
    assert interleave([copy_yardstick(Problem(1, 1), 1)], rounds=9)["copy"].rounds == FEWEST


def test_contenders_take_turns() -> None:
    order: list[str] = []
    idle = copy_yardstick(Problem(1, 1), 1)
    pair = [replace(idle, name=name, step=partial(order.append, name)) for name in "ab"]
    interleave(pair, rounds=2)
    turns = [name for at, name in enumerate(order) if at == 0 or order[at - 1] != name]
    assert turns == ["a", "b"] * 3  # once to learn how long a step takes, then twice


def test_memory_that_a_step_needs_is_seen() -> None:
    def touch() -> None:
        with mmap.mmap(-1, 8 << 20) as fresh:  # pages of its own, which no allocator had kept for later
            fresh.write(bytes(8 << 20))

    grown = extra_memory(touch)
    if grown is None:
        pytest.skip("this system does not tell the peak of resident memory")
    assert 7 << 20 < grown < 40 << 20


def test_an_engine_needs_less_than_two_mebibytes_whatever_the_size() -> None:
    contender = _warm(ours("numpy", Problem(1, 8_000_000)))
    grown = extra_memory(contender.step)
    if grown is None:
        pytest.skip("this system does not tell the peak of resident memory")
    assert grown < 2 << 20


def test_what_cannot_take_part_is_a_row_with_a_reason_and_without_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(problem: Problem) -> Any:
        raise BackendUnavailable("no such thing here")

    monkeypatch.setitem(PEERS, "torch", missing)
    rows = list(measure(SMALL, ["numpy"], ["torch"], rounds=2))
    assert "median" not in rows[-1] and rows[-1]["verdict"] == "did not take part: no such thing here"
    assert all(row["verdict"] for row in rows)


def test_what_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adamax_ref.bench.record.free_memory", lambda: 1000)
    row = list(measure(SMALL, ["numpy"], [], rounds=2))[-1]
    assert row["verdict"] == "did not take part: its arrays would take more than half of the free memory"


def test_the_command_writes_data_and_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    data, picture = tmp_path / "b.json", tmp_path / "b.svg"
    words = ["bench", "--backend", "numpy", "--against", "", "--size", "20", "--rounds", "2"]
    done = CliRunner().invoke(main, [*words, "--json", str(data), "--plot", str(picture)])
    assert done.exit_code == 0, done.output
    record = json.loads(data.read_text(encoding="utf-8"))
    assert [row["name"] for row in record["rows"]] == [*YARDSTICKS, "adamax_ref numpy"]
    assert record["rows"][-1]["bytes_per_element"] == 28 and record["surroundings"]["threads"] >= 1
    assert picture.read_text(encoding="utf-8").startswith("<?xml")


def test_the_record_is_kept_as_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    command = import_module("adamax_ref.cli.bench")
    monkeypatch.setattr(command, "CPU_GRID", [(1, 20, "f32"), (3, 5, "f64")])
    monkeypatch.setattr(command, "MODELS", ("mlp",))
    folder = tmp_path / "benchmarks"
    words = ["bench", "--record", str(folder), "--backend", "numpy", "--against", "", "--rounds", "2"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "cpu.json").read_text(encoding="utf-8"))
    assert [row["profile"] for row in record["rows"] if row["name"] == "adamax_ref numpy"] == ["f32", "f32", "f64"]
    assert all("percent_of_words" in row for row in record["rows"] if "median" in row)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "## 3 tensors of 5 elements, f64, weight decay" in page and (folder / "cpu.svg").exists()
    (tmp_path / "benchmarks.md").unlink()
    assert CliRunner().invoke(main, ["bench", "--record", str(folder), "--render"]).exit_code == 0
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--against", "nobody"], "unknown peer 'nobody'; known are torch"),
        (["--render"], "--render needs --record"),
        (["--backend", "nothing"], "unknown backend 'nothing'"),
        (["--size", "5", "--backend", "numpy", "--against", "", "--rounds", "2", "--json", "/proc/no/file"], "cannot write"),
    ],
)
def test_wrong_usage_is_code_2_and_one_sentence(words: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["bench", *words])
    assert done.exit_code == 2 and message in " ".join(done.output.split())


def test_a_user_times_the_shapes_of_a_model_of_his_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("[[3, 4], [4], []]")
    problem = of_model(str(file), "f64", 0.1)
    assert (problem.elements, problem.tensors, str(problem)) == (17, 3, "mine (3 tensors) f64 decay")
    ps, gs = problem.start()
    assert [p.shape for p in ps] == [g.shape for g in gs] == [(3, 4), (4,), ()]
    rows = list(measure(problem, ["numpy"], [], 2))
    assert {row["model"] for row in rows} == {"mine"}
    assert {row["verdict"] for row in rows if row["name"] == "adamax_ref numpy"} == {"exact: the bits of torch"}
    assert title(rows[0]) == "mine: 3 tensors, f64, weight decay"


@pytest.mark.parametrize("text", ["[]", "{}", "[[0]]", "[[1.5]]", "[3]", "no json"])
def test_a_file_without_shapes_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.json").write_text(text)
    with pytest.raises(ValueError, match="shapes"):
        of_model(str(tmp_path / "wrong.json"))
    with pytest.raises(ValueError, match="neither one of gpt2-small, mlp, resnet50 nor"):
        of_model("no-such-model")


@pytest.mark.parametrize("name", ["class", "tensors"])
def test_our_ways_on_tensors_have_the_bits_of_torch(name: str, peer: Any) -> None:
    peer("torch")
    rows = {row["name"]: row for row in measure(of_model("mlp", "f32", 0.01), ["numpy"], [name, "torch"], 2)}
    row = next(row for found, row in rows.items() if name in found and found.startswith("adamax_ref"))
    assert row["verdict"] == "exact: the bits of torch"
    assert "torch Adamax for-loop" in row["ratios"]
