"""Fixtures that several rooms share, and the rule for what is missing.

A peer that is not installed is a skip with a reason on a developer's machine and a failure in CI.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import backend_for, get_backend
from adamax_ref.optimizer import groups
from adamax_ref.optimizer.loading import to_host
from adamax_ref.truth.compare import first_difference


def _need(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if os.environ.get("ADAMAX_REF_NO_SKIPS"):
            pytest.fail(f"{module} must be installed here: {error}")
        pytest.skip(f"{module} is not installed")


@pytest.fixture
def peer() -> Callable[[str], ModuleType]:
    """Import a peer by name, or skip with a reason; with ``ADAMAX_REF_NO_SKIPS`` set (CI), fail instead."""
    return _need


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something in the summary at the end of the run, in whichever process the test runs."""
    return lambda sentence: record_property("told", sentence)


def _same(got: Any, want: Any) -> bool:
    mine, theirs = (to_host(value) if hasattr(value, "shape") else np.asarray(value) for value in (got, want))
    if mine.shape != theirs.shape or mine.dtype.name != theirs.dtype.name:
        return False
    return first_difference(mine, theirs) is None


@pytest.fixture
def engine_of_host_arrays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the NumPy engine step host arrays, unless a test file says ``ENGINE = None``.

    What is tested here is not arithmetic, and the fastest engine compiles every recipe for seconds.
    """
    name = getattr(request.module, "ENGINE", "numpy")
    if name is not None:
        chosen = get_backend(name)
        monkeypatch.setattr(groups, "backend_for", lambda array: chosen if chosen.owns(array) else backend_for(array))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, unless a test asks for more: what is small is slower on many."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    if torch is not None:
        torch.set_num_threads(1)
    yield
    if torch is not None:
        torch.set_num_threads(before)


@pytest.fixture
def same() -> Callable[[Any, Any], bool]:
    """Whether two arrays of any namespaces have the same shape, dtype and bits; any NaN equals any other."""
    return _same


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to tell."""
    reports = terminalreporter.stats.get("passed", [])
    told = [str(value) for report in reports for name, value in report.user_properties if name == "told"]
    if told:
        terminalreporter.section("counted")
        terminalreporter.write("\n".join([*told, ""]))
