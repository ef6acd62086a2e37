"""A framework in a Python of its own, and one whose Python is not there."""

import sys
import time
from pathlib import Path

import pytest

from adamax_ref.frameworks import Missing, get
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.child import Child, children
from adamax_ref.frameworks.elsewhere import version_in
from adamax_ref.frameworks.protocol import Start
from adamax_ref.recipe.hyper import Hyperparameters


def test_a_python_that_is_not_there_makes_the_framework_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADAMAX_REF_PYTHON_MXNET", "no/such/python")
    p, gradients = draw("normal", "f32", 3, 1)
    assert not get("mxnet/1.x").installed
    with (
        children() as held,
        pytest.raises(Missing, match=r"mxnet is not installed; make an environment .* ADAMAX_REF_PYTHON_MXNET"),
    ):
        held.play("mxnet/1.x", Start("f32", Hyperparameters(eps=0.0), p, p, p), gradients)


def test_a_version_is_read_in_the_other_environment() -> None:
    assert version_in(sys.executable, "numpy") is not None and version_in(sys.executable, "no-such-distribution") is None


DEAF = """#!{python}
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.close(1)
time.sleep(3600)
"""


def test_a_child_that_ignores_signals_and_says_nothing_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deaf = tmp_path / "python"
    deaf.write_text(DEAF.format(python=sys.executable), encoding="utf-8")
    deaf.chmod(0o755)
    monkeypatch.setenv("ADAMAX_REF_PYTHON_DEAF", str(deaf))
    started = time.monotonic()
    asked, idle = Child("deaf", {}), Child("deaf", {})
    with pytest.raises(RuntimeError, match="ended with status -9"):
        asked.ask("anything")
    asked.close()
    idle.close()
    assert time.monotonic() - started < 60  # it would sleep for an hour
