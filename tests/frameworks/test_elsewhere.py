"""A framework in a Python of its own, and one whose Python is not there."""

import sys

import pytest

from adamax_ref.frameworks import Missing, get
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.child import children
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
