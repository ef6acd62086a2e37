"""Tests on a device: skipped with the engine's own reason where there is none."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adamax_ref.backend import get_backend, why_unavailable

HERE = Path(__file__).parent


@pytest.fixture(params=["cupy", "numba-cuda"])
def engine(request: pytest.FixtureRequest) -> Any:
    """Each CUDA engine that can run here."""
    reason = why_unavailable(request.param)
    if reason is not None:
        pytest.skip(reason)
    return get_backend(request.param)


@pytest.fixture
def cupy() -> ModuleType:
    """CuPy, on a machine with a device."""
    reason = why_unavailable("cupy")
    if reason is not None:
        pytest.skip(reason)
    import cupy

    module: ModuleType = cupy
    return module


@pytest.fixture
def program() -> Callable[[str], ModuleType]:
    """Load one of the programs beside this file."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"gpu_{name}", HERE / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    return load
