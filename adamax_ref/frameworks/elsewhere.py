"""Pythons other than the running one: what is installed there, and how this package gets into them.

Some frameworks hold NumPy back to a release that this package cannot share an environment with. The variable
``ADAMAX_REF_PYTHON_`` and the module's name in capitals (``ADAMAX_REF_PYTHON_MXNET``) then names the Python of an
environment in which nothing but the framework is installed.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
# Only this package is lent to the other Python: its neighbours were made for this one.
_LOAD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("adamax_ref", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["adamax_ref"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["adamax_ref"])
from adamax_ref.frameworks.__main__ import main
main()
"""


def python_of(module: str) -> str:
    """Return the Python that runs a framework: the one its variable names, else this one.

    Examples
    --------
    >>> python_of("no_such_framework") == sys.executable
    True
    """
    return os.environ.get(variable_of(module)) or sys.executable


def variable_of(module: str) -> str:
    """Return the name of the variable for a module.

    Examples
    --------
    >>> variable_of("mxnet")
    'ADAMAX_REF_PYTHON_MXNET'
    """
    return f"ADAMAX_REF_PYTHON_{module.upper().replace('.', '_')}"


def command(module: str) -> Sequence[str]:
    """Return the command that starts a child for a module."""
    return [python_of(module), "-c", _LOAD, str(Path(__file__).parents[1])]


@cache
def version_in(python: str, distribution: str) -> str | None:
    """Return the version of a distribution in another Python's environment; None without the one or the other."""
    try:
        found = subprocess.run([python, "-c", _VERSION, distribution], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() if found.returncode == 0 else None
