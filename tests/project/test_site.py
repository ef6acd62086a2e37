"""The documentation site builds without a warning, and has a page for every public room."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("docs", "notebooks", "CONTRIBUTING.md")


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build the site strictly."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(source / "docs"), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy what the site is made of, since building brings the notebooks into the folder of the pages."""
    pytest.importorskip("sphinx", reason="install the extra docs")
    folder = tmp_path / "source"
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, folder / part) if source.is_dir() else shutil.copy(source, folder / part)
    return folder


def test_the_site_builds_without_a_warning(copy: Path, tmp_path: Path) -> None:
    done = build(copy, tmp_path / "site")
    assert done.returncode == 0, done.stderr[-4000:]
    for page in ("index", "concepts", "guide/porting", "conformance", "api/law", "notebooks/01-adamax-on-one-page"):
        assert (tmp_path / "site" / f"{page}.html").stat().st_size > 5000, page
    assert not (copy / "docs" / "notebooks").exists()


def test_a_link_to_a_page_that_is_not_there_fails_the_build(copy: Path, tmp_path: Path) -> None:
    (copy / "docs" / "start.md").write_text("# Start\n\n[nowhere](nowhere.md)\n", encoding="utf-8")
    done = build(copy, tmp_path / "site")
    assert done.returncode != 0 and "nowhere.md" in done.stderr
