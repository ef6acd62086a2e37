"""The corpus has the same bytes in every run, folder, process and number of threads, and they are the shipped ones."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from adamax_ref.dialects import get
from adamax_ref.golden import expect
from adamax_ref.golden.build import build
from adamax_ref.golden.corpus import shipped
from adamax_ref.golden.design import designs
from adamax_ref.golden.expect import Inadmissible
from adamax_ref.golden.oracle import canonical


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_two_processes_with_other_threads_hashes_and_folders_write_the_shipped_bytes(tmp_path: Path) -> None:
    for threads, seed, name in (("1", "0", "a"), ("2", "7", "b")):
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, threads), "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        command = [sys.executable, "-m", "adamax_ref", "golden", "generate", str(tmp_path / name / "golden")]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "cases" in done.stdout
        assert content(tmp_path / name / "golden") == content(shipped())


def test_the_core_corpus_stays_below_five_megabytes() -> None:
    assert sum(map(len, content(shipped()).values())) <= 5 * 10**6


def test_no_file_of_the_corpus_knows_where_it_was_made() -> None:
    for path, data in content(shipped()).items():
        assert data.isascii(), path
        assert data.endswith(b"\n"), path
        assert b"\r" not in data, path
        assert str(Path.home()).encode() not in data, path


def test_a_case_outside_its_own_bound_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bit oracle must lie inside the truth's bounds; with another beta2 it does not."""
    torch = get("torch")
    case = build(next(d for d in designs("u-decay") if d.slug == "shrink-two"), "u-decay", torch, "f32")
    expect.answered(case, torch)
    real = canonical(torch, "f32")
    monkeypatch.setattr(expect, "canonical", lambda *_: lambda h, t: real(replace(h, beta2=0.5), t))
    with pytest.raises(Inadmissible, match=r"theta after step 2: element 0 is .* outside"):
        expect.answered(case, torch)
