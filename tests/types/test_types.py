"""What the type checkers say of programs that use the package: wrong ones are refused, right ones are not."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = """\
import numpy as np

from adamax_ref import Adamax, Parameter
from adamax_ref.recipe.operations import maximum
from adamax_ref.backend import Prepared
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, Number, Rounding, Scalar


def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
    return {"decaying": h.weight_decay != 0, "far": to.work(1 - h.beta1) >= 0.5, "apart": to.place == "tail"}


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    rate = to.work(h.lr / (1 - h.beta1**t))
    return {"rate": rate, "eps": to.store(to.work(h.epsilon))}  # wrong


def rounded(h: HyperLike, to: Rounding) -> Number:
    return to.rund(h.lr)  # wrong


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
loss: float | None = optimizer.step(lambda: 0.5)
words: str | None = optimizer.step(lambda: 0.5)  # wrong
optimizer.param_groups[0]["lr"] *= 0.1
optimizer.param_groups[0]["learning_rate"] = 0.1  # wrong
optimizer.param_groups[0]["maximize"] = "no"  # wrong
optimizer.add_param_group({"params": [parameter], "lr": 0.1})
optimizer.add_param_group({"params": [parameter], "rate": 0.1})  # wrong
optimizer.state[parameter]["exp_avg"][...] = 0
optimizer.state[parameter]["exp_avg_sq"] = 0  # wrong
optimizer.state_dict()["state"][0]["step"] = 3
optimizer.load_state_dict(optimizer.state_dict())
optimizer.register_step_pre_hook(print)
optimizer.register_step_pre_hook(3)  # wrong
optimizer.step(3)  # wrong
optimizer.step(None, 3)  # wrong


class Step(Prepared):
    def run(self, gs, constants):  # type: ignore[no-untyped-def]
        for p, g in zip(self.ps, gs):
            p[...] = g
        return self.ps, self.ms, self.us
"""
CHECKERS = {"mypy": ["--strict", "--no-error-summary", "--hide-error-context"], "pyright": []}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_checker_refuses_the_wrong_lines_and_no_other(checker: str, peer: Callable[[str], ModuleType], tmp_path: Path) -> None:
    peer(checker)
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    command = [sys.executable, "-m", checker, *CHECKERS[checker], str(file)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False).stdout
    refused = {int(line) for line in re.findall(r"program\.py:(\d+)(?::\d+)?(?:: | - )error", said)}
    wrong = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")}
    assert refused == wrong, said
