"""The pages on new backends and new dialects, followed word for word in packages outside the source tree."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
_BLOCK = re.compile(r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(page: str) -> Iterator[tuple[str | None, str, str]]:
    """Yield of each block of a page the file that it is, its language and its text."""
    for match in _BLOCK.finditer((GUIDE / page).read_text()):
        yield match["file"], match["kind"], match["text"]


def _examples(page: str) -> str:
    """Return the code of a page's examples without prompts."""
    lines = [line for _, kind, text in _blocks(page) if kind == "python" for line in text.splitlines()]
    return "\n".join(line[4:] for line in lines if line.startswith((">>> ", "... "))) + "\n"


def _follow(page: str, folder: Path) -> str:
    """Run the commands of a page where its files lie, with pip installing to a folder of the test; return what they say."""
    site = folder / "site"
    environment = os.environ | {
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads "no" here: the build system is installed, and nothing is fetched
        "PIP_NO_DEPS": "1",
        "PIP_TARGET": str(site),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": str(site),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "COLUMNS": "200",
    }
    said = ""
    for line in "".join(text for _, kind, text in _blocks(page) if kind == "shell").splitlines():
        command = line.replace("pip install", "python -m pip install")
        done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        said += done.stdout
    return said


@pytest.fixture(autouse=True)
def _needs_pip() -> None:
    if shutil.which("adamax-ref", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("the command adamax-ref is not installed beside this Python")
    pytest.importorskip("hatchling")
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("this Python has no pip")


@pytest.mark.slow
def test_the_page_on_backends_leads_to_an_exact_engine(tmp_path: Path) -> None:
    for file, _, text in _blocks("new-backend.md"):
        if file is not None:
            (tmp_path / file).write_text(text)
    said = _follow("new-backend.md", tmp_path)
    assert "mine" in said
    assert "EXACT" in said and "checks passed" in said
    assert "mine of adamax-mine" in said and "0.3.0" in said


@pytest.mark.slow
def test_the_page_on_dialects_leads_to_certified_vectors(tmp_path: Path) -> None:
    for file, _, text in _blocks("new-dialect.md"):
        if file is not None:
            (tmp_path / file).write_text(text)
    (tmp_path / "adamax_example.py").write_text(_examples("new-dialect.md"))
    said = _follow("new-dialect.md", tmp_path)
    assert "An example" in said and "EXACT" in said
    assert list((tmp_path / "vectors").rglob("example/f32*.json")) or list((tmp_path / "vectors").rglob("example/**/*.json"))
