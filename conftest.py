"""Doctests run where the library that they are about is installed."""

import os
import re
from importlib.util import find_spec

import pytest

# Files that load a library when they are loaded themselves.
LIBRARIES = {
    "adamax_ref/jax_arrays.py": "jax",
    "backends/adamax_ref_cupy/*.py": "cupy",
    "backends/adamax_ref_numba/*.py": "numba",
    "backends/adamax_ref_numba_cuda/*.py": "numba_cuda",
}

collect_ignore = ["adamax_ref/adapters/python"]  # programs that read their standard input as soon as they are loaded
collect_ignore_glob = [files for files, library in LIBRARIES.items() if find_spec(library) is None]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip an example that imports what is not installed; in CI let it fail."""
    if isinstance(item, pytest.DoctestItem) and not os.environ.get("ADAMAX_REF_NO_SKIPS"):
        for example in item.dtest.examples:
            imported = re.match(r"(?:import|from) ([a-z]\w*)", example.source)
            if imported and find_spec(imported[1]) is None:
                pytest.skip(f"{imported[1]} is not installed")
