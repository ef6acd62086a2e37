"""The proof for a GPU, run without one: every part succeeds, and no line of the programs is new on a device."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ON_FAILURE = (
    "except",
    "return found",
    "raise",
    'found[title] = {"failed"',
    'found[name] = {"failed"',
    "continue",
    "return {",
    "pass",
)
"""How lines begin that run only where something is missing or wrong; test_proof.py runs those of the script."""


@pytest.mark.slow
@pytest.mark.frameworks
@pytest.mark.timeout(1800)
def test_the_proof_succeeds_over_the_interpreter(
    peer: Callable[[str], Any], pytestconfig: pytest.Config, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    if not pytestconfig.getoption("--every-kernel"):
        pytest.skip("the rehearsal takes two minutes; --every-kernel runs it, and CI does")
    for module in ("numba_cuda", "torch", "cuda.bindings.nvrtc"):
        peer(module)
    command = [sys.executable, str(ROOT / "tests" / "gpu" / "rehearse.py"), str(tmp_path / "gpu.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert (record["status"], record["failed"]) == ("measured", [])
    assert record["parts"]["device"]["name"] == "PTX interpreter on the CPU"
    missing = json.loads(done.stdout[done.stdout.index('{\n  "not run"') :])["not run"]
    assert [line for line in missing if not line.split(": ", 1)[1].startswith(ON_FAILURE)] == []
    tell(f"rehearsal of the proof for a GPU: {len(record['parts'])} parts, {record['parts']['tests']['summary']}")
