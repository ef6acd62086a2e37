"""Every notebook runs from a clean kernel, prints what it says, and has exercises that can be solved."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="install the extra notebooks")
NotebookClient = pytest.importorskip("nbclient", reason="install the extra notebooks").NotebookClient

ROOM = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(ROOM.glob("*.ipynb"))
SECONDS = 600
"""After which a cell is taken to hang."""
LARGEST = 300_000
"""Bytes that a notebook may have in the repository, pictures included: a page that loads at once."""
VARIES = "machine"
"""The tag of a cell whose output depends on the machine; it must run, and nothing in the text relies on its numbers."""

SOLUTIONS: dict[str, Any] = {
    "1a": 1.75,
    "1b": 693,
    "1c": (1 - 0.8) / (1 - 0.8 / 0.99),
    "2a": 10,
    "2b": "keras",
    "2c": -7,
    "3a": 7,
    "3b": 1,
    "3c": 1,
    "4a": 0.25,
    "4b": -1.25,
    "5a": "B11",
    "5b": "B27",
    "6a": 14,
    "6b": 140,
    "7a": 0,
    "7b": 128,
}


def text_of(cell: Any) -> str:
    """Return what a cell printed and what it shows as text, without addresses of objects."""
    found = []
    for output in cell.outputs:
        assert output.output_type != "error"
        text = output.text if output.output_type == "stream" else output.data.get("text/plain", "")
        found.append("" if text.startswith("<") else text)
    return "".join(found)


def compared(cells: Any) -> Iterator[Any]:
    """Return the code cells whose output is the same everywhere."""
    return (cell for cell in cells if cell.cell_type == "code" and VARIES not in cell.metadata.get("tags", ()))


@pytest.fixture(autouse=True)
def environment_that_is_not_active(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the folder of this Python's commands out of the path: a notebook is to find them by itself."""
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != Path(sys.executable).parent]
    monkeypatch.setenv("PATH", os.pathsep.join(others))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_is_committed(path: Path) -> None:
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    NotebookClient(fresh, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(ROOM)}}).execute()
    for old, new in zip(compared(committed.cells), compared(fresh.cells), strict=True):
        assert text_of(new) == text_of(old), old.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_executed_in_order_and_small(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert path.stat().st_size < LARGEST


@pytest.fixture
def lesson(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the helper of the notebooks."""
    monkeypatch.syspath_prepend(ROOM)
    return import_module("lesson")


@pytest.mark.parametrize("name", SOLUTIONS)
def test_an_exercise_takes_its_solution_and_nothing_else(lesson: Any, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    right = SOLUTIONS[name]
    wrong = "torch" if isinstance(right, str) else right + 1
    for answer in (right, wrong, ...):
        lesson.check(name, answer)
    taken, refused, dots = capsys.readouterr().out.splitlines()
    assert taken == f"{name}: right"
    assert refused.startswith(f"{name}: not yet. ") and dots.startswith(f"{name}: put your answer")


def test_every_exercise_stands_in_a_notebook_and_has_a_solution(lesson: Any) -> None:
    asked = [line for path in NOTEBOOKS for line in path.read_text(encoding="utf-8").split("check(")[1:]]
    assert {line.split('"')[1].rstrip("\\") for line in asked} == set(lesson.EXERCISES) == set(SOLUTIONS)


def test_a_cell_that_prints_something_else_is_noticed() -> None:
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text="1.75\n")])
    other = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("stream", text="1.76\n")])
    assert text_of(cell) != text_of(other)
