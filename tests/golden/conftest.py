"""A copy of the shipped corpus that a test may damage."""

import shutil
from pathlib import Path

import pytest

from adamax_ref.golden.corpus import shipped


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with a copy of the shipped corpus."""
    target = tmp_path / "golden"
    shutil.copytree(shipped(), target)
    return target
