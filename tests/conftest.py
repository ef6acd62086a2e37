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
