"""What the type checkers say of programs that use the package: wrong ones are refused, right ones are not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """\
import numpy as np

from adamax_ref import Adamax, Parameter
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, Scalar


def right(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g) + c.eps)
    return p - c.rate * m / u, m, u


def misspelt(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> Scalar:
    return p + c.epz  # wrong


parameter = Parameter(np.zeros(3))
optimizer = Adamax([parameter], lr=0.1)
optimizer.step()
optimizer.step(lambda: 0.5)
optimizer.step(closure=None)
Adamax(42, lr=0.1)  # wrong
Adamax([parameter], lr="fast")  # wrong
Adamax([parameter], dialect=3)  # wrong
Parameter("x")  # wrong
optimizer.step(3)  # wrong
optimizer.step(None, 3)  # wrong
"""
CHECKERS = {"mypy": ["--strict", "--no-error-summary", "--hide-error-context"], "pyright": []}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_checker_refuses_the_wrong_lines_and_no_other(checker: str, tmp_path: Path) -> None:
    pytest.importorskip(checker)
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    command = [sys.executable, "-m", checker, *CHECKERS[checker], str(file)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False).stdout
    refused = {int(line) for line in re.findall(r"program\.py:(\d+)(?::\d+)?(?:: | - )error", said)}
    wrong = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")}
    assert refused == wrong, said
