"""Known bugs in a live training loop: shadow mode names them."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, final

import pytest

import adamax_ref
from adamax_ref import dialects, shadow
from adamax_ref.interop.shadow.divergence import suspects

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]


@final
@dataclass(frozen=True)
class Slips:
    """What somebody who writes Adamax may get wrong; as it stands everything is right."""

    norm_decays_with: int = 1
    moment_decays_with: int = 0
    corrected_as_at: int | None = None
    sign: float = -1.0
    inside: float = 1.0


def _written_by_hand(torch: ModuleType, slips: Slips) -> Any:
    """Return an Adamax for torch, written as people write it, with slips."""

    class Mine(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        @torch.no_grad()  # type: ignore[untyped-decorator]
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                betas, eps = group["betas"], group["eps"] * slips.inside
                for p in group["params"]:
                    state = self.state[p]
                    if not state:
                        state.update(step=torch.tensor(0.0), exp_avg=torch.zeros_like(p), exp_inf=torch.zeros_like(p))
                    state["step"] += 1
                    t = slips.corrected_as_at or int(state["step"])
                    state["exp_avg"].lerp_(p.grad, 1 - betas[slips.moment_decays_with])
                    norm = state["exp_inf"].mul_(betas[slips.norm_decays_with])
                    torch.maximum(norm, p.grad.abs() + eps, out=state["exp_inf"])
                    rate = group["lr"] / (1 - betas[slips.moment_decays_with] ** t)
                    p.addcdiv_(state["exp_avg"], state["exp_inf"], value=slips.sign * rate)

    return Mine


def _train(torch: ModuleType, slips: Slips, kind: str) -> Any:
    """Train a small network and return what shadow mode saw."""
    torch.manual_seed(3)
    dtype = getattr(torch, kind)
    model = torch.nn.Sequential(torch.nn.Linear(5, 7, dtype=dtype), torch.nn.Tanh(), torch.nn.Linear(7, 1, dtype=dtype))
    inputs = torch.randn(40, 5, dtype=dtype)
    optimizer = _written_by_hand(torch, slips)(model.named_parameters(), lr=0.01, betas=(0.8, 0.99), eps=1e-3)
    with shadow(optimizer) as s:
        for _ in range(6):
            optimizer.zero_grad()
            (model(inputs) - inputs.sum(1, keepdim=True)).square().mean().backward()
            optimizer.step()
    return s


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize(
    ("slips", "bug"),
    [
        (Slips(norm_decays_with=0), "B16 (u decays with beta1)"),
        (Slips(norm_decays_with=0, moment_decays_with=1), "B12 (beta1 and beta2 exchanged)"),
        (Slips(corrected_as_at=1), "B06 (correction frozen at its value for t = 1)"),
        (Slips(sign=1.0), "B29 (ascent in place of descent)"),
        (Slips(inside=0.0), "B22 (epsilon left out)"),
    ],
)
def test_a_bug_of_the_bank_in_a_live_training_loop_is_named(peer: Peer, slips: Slips, bug: str, kind: str) -> None:
    s = _train(peer("torch"), slips, kind)
    assert s.divergence is not None
    assert bug in s.divergence.bugs
    assert f"the known bug {bug}" in str(s)


def test_without_a_slip_there_is_nothing_to_name(peer: Peer) -> None:
    s = _train(peer("torch"), Slips(), "float32")
    assert s.divergence is None
    assert s.steps == 6


def test_a_bug_that_cannot_be_told_from_the_right_step_is_not_named() -> None:
    law, h = dialects.get("torch"), adamax_ref.Hyperparameters(lr=0.25)
    # Without a state and a gradient nothing moves, whoever computes it, but for the epsilon in the norm.
    assert suspects(law, "f64", h, 1, (1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.999)) == ()
    assert "B16 (u decays with beta1)" in suspects(law, "f64", h, 1, (1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.9))


def test_what_no_known_bug_gives_is_said_to_be_unknown(peer: Peer) -> None:
    torch = peer("torch")

    class Grows(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        def step(self, closure: Any = None) -> None:
            super().step(closure)
            if self.state[p]["step"] == 2:
                p.data.mul_(1.25)

    p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    p.grad = torch.tensor([0.3, 0.7])
    o = Grows([p])
    with shadow(o) as s:
        o.step()
        o.step()
    assert s.divergence is not None
    assert s.divergence.step == 2
    assert s.divergence.bugs == ()
    assert "no dialect or bug that is known here" in str(s)


def test_the_bank_is_not_loaded_as_long_as_there_is_nothing_to_explain() -> None:
    program = (
        "import sys, numpy as np, adamax_ref\n"
        "o = adamax_ref.Adamax([adamax_ref.Parameter(np.ones(3), np.ones(3))], backend='numpy')\n"
        "with adamax_ref.shadow(o) as s: o.step()\n"
        "assert s.steps == 1 and not [name for name in sys.modules if 'conformance.bugs' in name]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
