"""How a test run is spread and shuffled, and which doctests it has: those whose library is installed."""

import os
import re
from importlib.util import find_spec

import pytest

# Files that load a library when they are loaded themselves.
LIBRARIES = {
    "adamax_ref/arrays/jax_arrays.py": "jax",
    "backends/adamax_ref_cupy/*.py": "cupy",
    "backends/adamax_ref_numba/*.py": "numba",
    "backends/adamax_ref_numba_cuda/*.py": "numba_cuda",
    "tests/interop/tampered.py": "torch",
}

collect_ignore = ["adamax_ref/adapters/python"]  # programs that read their standard input as soon as they are loaded
collect_ignore_glob = [files for files, library in LIBRARIES.items() if find_spec(library) is None]


MOST_WORKERS = 4  # each may hold several frameworks in memory


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the engine with which tests of the optimizer step NumPy arrays, and whether all of Numba-CUDA's kernels are executed."""
    parser.addoption("--engine", metavar="NAME", help="Step NumPy arrays with this engine in the tests of the optimizer.")
    parser.addoption("--every-kernel", action="store_true", help="Execute each of Numba-CUDA's kernels, not a sample of them.")


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-randomly shuffle the tests and leave generators of random numbers alone: a test has seeds of its own."""
    config.option.randomly_reset_seed = False


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Spread a whole run over the processors; a part that was asked for stays in this process, within a debugger's reach."""
    part = any(config.getoption(name, default=None) for name in ("keyword", "lf", "stepwise"))
    if part or config.option.capture == "no" or config.args_source is not config.ArgsSource.TESTPATHS:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip an example that imports what is not installed; in CI let it fail."""
    if isinstance(item, pytest.DoctestItem) and not os.environ.get("ADAMAX_REF_NO_SKIPS"):
        for example in item.dtest.examples:
            imported = re.match(r"(?:import|from) ([a-z]\w*)", example.source)
            if imported and find_spec(imported[1]) is None:
                pytest.skip(f"{imported[1]} is not installed")
