"""Fanning out: the same results in the same order, from this process, from others, and from a Dask cluster."""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner

from adamax_ref.backend.threads import usable_processors
from adamax_ref.cli import main
from adamax_ref.cli.golden import Kills
from adamax_ref.golden.design import parts
from adamax_ref.golden.generate import file_with_kills
from adamax_ref.golden.parallel import parallel_map

WORDS = ["verify", "backend:numpy", "--dialect", "paper", "--profile", "f32"]


def _where(number: int) -> tuple[int, int]:
    return number, os.getpid()


@pytest.fixture(scope="module")
def address() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


def test_local_processes_keep_the_order_and_are_not_this_one() -> None:
    with parallel_map(jobs=2) as mapper:
        assert list(mapper(os.path.basename, ["a/b", "c", "d/e/f"])) == ["b", "c", "f"]
        assert str(os.getpid()) not in mapper(os.readlink, ["/proc/self"] if os.path.islink("/proc/self") else [])


def test_without_anything_it_is_map() -> None:
    with parallel_map() as mapper:
        assert list(mapper(_where, [3])) == [(3, os.getpid())]


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_judges_and_computes_vectors_as_this_process_does(address: str) -> None:
    runner = CliRunner()
    plain, there = runner.invoke(main, WORDS), runner.invoke(main, [*WORDS, "--dask", address])
    assert plain.exit_code == 0 and there.output == plain.output
    some = [part for part in parts("core", ("paper",)) if part.category in ("eps", "lr") and part.profile in ("f32", "f64")]
    vectors = partial(file_with_kills, bank=Kills())
    with parallel_map(address) as mapper:
        assert list(mapper(vectors, some)) == [vectors(part) for part in some]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*WORDS, "--jobs", "0"], "0 is not in the range x>=1"),
        ([*WORDS, "--dask", "tcp://127.0.0.1:9"], "no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_wrong_usage_is_code_2_and_one_sentence(words: list[str], message: str) -> None:
    pytest.importorskip("distributed")
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2 and message in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("words", "jobs"),
    [
        (["backend:numpy"], 1),
        (["backend:numpy", "--level", "full"], usable_processors()),
        (["backend:numpy", "--level", "full", "--jobs", "1"], 1),
        (["backend:numpy", "--level", "full", "--profile", "f32"], 1),
        (["backend:numpy", "--level", "full", "--transcript", "file"], 1),
        (["--all"], usable_processors()),
        (["--all", "--dialect", "paper"], 1),
    ],
)
def test_where_much_is_asked_every_core_takes_part(words: list[str], jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def counted(address: object, jobs: object) -> Any:
        asked.append(jobs)
        raise ValueError("enough is known")

    monkeypatch.setattr("adamax_ref.golden.parallel.parallel_map", counted)
    done = CliRunner().invoke(main, ["verify", *words])
    assert done.exit_code == 2 and asked == [jobs]
