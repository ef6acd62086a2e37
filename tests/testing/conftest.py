"""The examples that are judged, as a module and as a file for the suites of others."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).with_name("example_adamax.py")


@pytest.fixture(autouse=True)
def plugin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the suites of others load no plugin that happens to be installed here, and no options of this machine."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


@pytest.fixture(scope="session")
def examples() -> ModuleType:
    """Return the module of examples."""
    spec = spec_from_file_location("example_adamax", EXAMPLES)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def examples_file() -> Path:
    """Return its file."""
    return EXAMPLES
