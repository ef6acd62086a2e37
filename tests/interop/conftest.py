"""Fixtures of interchange's tests."""

import pytest


@pytest.fixture(autouse=True)
def quick(engine_of_host_arrays: None, one_thread: None) -> None:
    """Step small things with the NumPy engine, and with torch on one thread."""
