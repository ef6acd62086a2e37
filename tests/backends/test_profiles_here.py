"""Which profiles an engine offers depends on the dtypes that are installed."""

import importlib.util
from typing import Any

import pytest

from adamax_ref.backend import get_backend, host_profiles


def test_without_ml_dtypes_no_engine_in_host_memory_claims_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without(name: str, package: Any = None) -> Any:
        return None if name == "ml_dtypes" else find(name, package)

    assert "bf16" in host_profiles()
    monkeypatch.setattr("adamax_ref.backend.contract.find_spec", without)
    host_profiles.cache_clear()
    try:
        assert host_profiles() == {"f64", "f32", "f16", "c64", "c128"}
        assert "bf16" not in get_backend("numpy").capabilities.profiles
    finally:
        host_profiles.cache_clear()
