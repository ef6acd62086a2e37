"""Another version of Python makes the same bytes; ``ADAMAX_REF_OTHER_PYTHON`` names one that has NumPy and the package's needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adamax_ref.golden.corpus import Part, digest
from adamax_ref.golden.design import SCOPE
from adamax_ref.golden.generate import make_bytes

ROOT = Path(__file__).parents[2]
PATHS = [f"core/{dialect}/{profiles[-1]}/{category}.json" for dialect, profiles in SCOPE.items() for category in ("eps", "range")]
PATHS += ["core/torch/bf16/decay.json", "core/paper/f16/moment.json", "core/torch/f32/time.json"]

SCRIPT = """
import sys
from adamax_ref.golden.corpus import digest
from adamax_ref.golden.generate import make_bytes
from adamax_ref.golden.corpus import Part

print(".".join(map(str, sys.version_info[:2])))
for path in sys.argv[1:]:
    level, dialect, profile, category = path.removesuffix(".json").split("/")
    print(path, digest(make_bytes(Part(level, dialect, profile, category))))
"""


def told(python: str, paths: list[str], seed: str = "random") -> tuple[str, dict[str, str]]:
    """Return the version of an interpreter and the hashes of the vector files that it makes."""
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'backends'}", "PYTHONHASHSEED": seed, "PATH": os.environ["PATH"]}
    done = subprocess.run([python, "-c", SCRIPT, *paths], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    version, *lines = done.stdout.splitlines()
    return version, {path: told for path, told in (line.split(" ") for line in lines)}


def made(paths: list[str]) -> dict[str, str]:
    """Return the hashes of the vector files that this interpreter makes."""
    found = {}
    for path in paths:
        level, dialect, profile, category = path.removesuffix(".json").split("/")
        found[path] = digest(make_bytes(Part(level, dialect, profile, category)))
    return found


def test_another_version_of_python_makes_the_same_bytes() -> None:
    python = os.environ.get("ADAMAX_REF_OTHER_PYTHON")
    if not python:
        pytest.skip("ADAMAX_REF_OTHER_PYTHON names no second interpreter")
    version, hashes = told(python, PATHS)
    assert version != ".".join(map(str, sys.version_info[:2])), "the second interpreter is of the same version as this one"
    assert hashes == made(PATHS)


def test_another_process_with_another_hash_seed_makes_the_same_bytes() -> None:
    paths = PATHS[-3:]
    assert told(sys.executable, paths, "1")[1] == told(sys.executable, paths, "2")[1] == made(paths)
