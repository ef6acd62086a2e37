"""Fixtures that several rooms share, and the rule for what is missing.

A peer that is not installed is a skip with a reason on a developer's machine and a failure in CI.
"""

import importlib
import os
from collections.abc import Callable
from types import ModuleType

import pytest


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to tell."""
    reports = terminalreporter.stats.get("passed", [])
    told = [str(value) for report in reports for name, value in report.user_properties if name == "told"]
    if told:
        terminalreporter.section("counted")
        terminalreporter.write("\n".join([*told, ""]))
