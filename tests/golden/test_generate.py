"""The corpus has the same bytes in every run, folder, process and number of threads, and they are the shipped ones."""

import os
import subprocess
import sys
import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from adamax_ref.bugs import kills
from adamax_ref.dialects import get
from adamax_ref.golden import expected
from adamax_ref.golden.build import case_from
from adamax_ref.golden.case import Case
from adamax_ref.golden.codec import json_bytes
from adamax_ref.golden.corpus import MANIFEST, Part, manifest_of, shipped
from adamax_ref.golden.design import SCOPE, designs, parts
from adamax_ref.golden.expected import Inadmissible
from adamax_ref.golden.generate import corpus_bytes, make_bytes
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import canonical


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def generated(folder: Path, dialect: str, threads: str, seed: str) -> dict[str, bytes]:
    """Generate one dialect in a process of its own, with so many threads and such a hash seed."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, threads), "PYTHONHASHSEED": seed, "LC_ALL": "C"}
    command = [sys.executable, "-m", "adamax_ref", "golden", "generate", str(folder), "--dialect", dialect]
    done = subprocess.run(command, env=environment, cwd=folder.parent, capture_output=True, text=True, check=True)
    assert "cases" in done.stdout
    return content(folder)


def test_another_folder_process_and_number_of_threads_gives_the_shipped_bytes(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    one = generated(tmp_path / "golden", "mindspore", threads="1", seed="0")
    two = generated(tmp_path / "elsewhere" / "other", "mindspore", threads="2", seed="7")
    assert one == two
    vectors = {path: data for path, data in one.items() if path.startswith("core/")}
    assert vectors == {path: data for path, data in content(shipped()).items() if path.startswith("core/mindspore/")}


@pytest.mark.parametrize("dialect", sorted(SCOPE))
def test_files_of_every_dialect_and_profile_are_made_with_the_shipped_bytes(dialect: str) -> None:
    """A sample of the categories; `adamax-ref golden check` does it for every file."""
    for part in parts("core", (dialect,)):
        if part.category in ("smoke", "eps", "decay", "nonfinite", "skip"):
            assert make_bytes(part) == (shipped() / part.path).read_bytes(), part.path


def test_the_shipped_manifest_is_the_one_of_the_shipped_files() -> None:
    corpus = open_corpus()
    files = {Part(e.level, e.dialect, e.profile, e.category): corpus.file(e) for e in corpus.manifest.files}
    data = {path: data for path, data in content(shipped()).items() if path != MANIFEST}
    assert json_bytes(manifest_of("core", files, data)) == (shipped() / MANIFEST).read_bytes()
    assert [part.path for part in parts("core")] == [entry.path for entry in corpus.manifest.files]


def test_the_core_corpus_takes_less_than_two_megabytes_of_a_wheel() -> None:
    assert sum(len(zlib.compress(data)) for data in content(shipped()).values()) <= 2 * 10**6


class OneMoreBug:
    """A bank in which a new bug fails every case."""

    def killed_by(self, case: Case) -> tuple[str, ...]:
        """Return the bugs of the real bank, and the new one."""
        return (*kills.killed_by(case), "B999")

    def described(self, cases: Iterable[Case]) -> dict[str, object]:
        """Count the new bug's kills."""
        return {"B999": {"killedBy": sum("B999" in case.kills for case in cases)}}


def test_a_new_bug_changes_no_vector_file() -> None:
    few = [part for part in parts("core", ("paper",)) if part.path in ("core/paper/f32/smoke.json", "core/paper/f32/eps.json")]
    before, after = (dict(corpus_bytes("core", few, bank)) for bank in (kills, OneMoreBug()))
    assert {path for path in before if before[path] != after[path]} == {"KILLS.json", "BUGS.json", MANIFEST}
    assert all(line.rstrip(b'",').endswith(b"B999") for line in after["KILLS.json"].splitlines()[1:-1])


def test_no_file_of_the_corpus_knows_where_it_was_made() -> None:
    for path, data in content(shipped()).items():
        assert data.isascii(), path
        assert data.endswith(b"\n"), path
        assert b"\r" not in data, path
        assert str(Path.home()).encode() not in data, path


def test_a_case_outside_its_own_bound_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bit oracle must lie inside the bounds of the exact oracle; with another beta2 it does not."""
    torch = get("torch")
    case = case_from(next(d for d in designs("u-decay") if d.slug == "shrink-two"), "u-decay", torch, "f32")
    expected.with_expected(case, torch)
    wrong = replace(torch, constants=lambda h, t, to: {**torch.constants(h, t, to), "beta2": to.work(0.5)})
    monkeypatch.setattr(expected, "canonical", lambda *_: canonical(wrong, "f32"))
    with pytest.raises(Inadmissible, match=r"theta after step 2: element 0 is .* outside"):
        expected.with_expected(case, torch)
