"""Shadow mode: it finds nothing on a right optimizer, and the first step, element and quantity on a wrong one."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adamax_ref
from adamax_ref import shadow
from adamax_ref.exact.compare import Difference

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]
EPS = 1e-3


def _digits(peer: Peer) -> tuple[Any, Any, Any]:
    """Return a network, its loss on a batch, and the number of batches."""
    torch, datasets = peer("torch"), peer("sklearn.datasets")
    torch.manual_seed(5)
    images, digits = datasets.load_digits(return_X_y=True)
    inputs, labels = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(digits)
    model = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
    loss = torch.nn.CrossEntropyLoss()
    return torch, model, lambda batch: loss(model(inputs[batch::40]), labels[batch::40])


def _wrong(torch: ModuleType) -> Any:
    """Return an Adamax that adds eps to the divisor from its fifth step on."""

    class Wrong(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        @torch.no_grad()  # type: ignore[untyped-decorator]
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    if not state:
                        state.update(step=torch.tensor(0.0), exp_avg=torch.zeros_like(p), exp_inf=torch.zeros_like(p))
                    state["step"] += 1
                    late = state["step"] >= 5
                    inside, outside = (0.0, group["eps"]) if late else (group["eps"], 0.0)
                    state["exp_avg"].lerp_(p.grad, 1 - group["betas"][0])
                    torch.maximum(state["exp_inf"].mul_(group["betas"][1]), p.grad.abs() + inside, out=state["exp_inf"])
                    rate = group["lr"] / (1 - group["betas"][0] ** state["step"].item())
                    p.addcdiv_(state["exp_avg"], state["exp_inf"] + outside, value=-rate)

    return Wrong


@pytest.mark.parametrize("carry", [False, True])
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.01, "foreach": True}, {"maximize": True, "betas": (0.3, 0.9)}])
def test_torch_s_adamax_on_real_digits_is_followed_to_the_last_bit(peer: Peer, carry: bool, options: dict[str, Any]) -> None:
    torch, model, loss = _digits(peer)
    o = torch.optim.Adamax(model.named_parameters(), **options)
    with shadow(o, carry=carry) as s:
        for step in range(20):

            def closure(step: int = step) -> Any:
                o.zero_grad()
                value = loss(step)
                value.backward()
                return value

            o.step(closure)
    assert s.divergence is None
    assert s.steps == 20
    assert s.elements == 20 * 3 * sum(p.numel() for p in model.parameters())
    assert s.equal
    assert str(s) == f"20 steps, 4 parameters, {s.elements} numbers compared: every bit as in dialect 'torch'"


def test_a_planted_change_is_found_at_the_first_step_that_shows_it(peer: Peer) -> None:
    torch, model, loss = _digits(peer)
    o = _wrong(torch)(model.named_parameters(), eps=EPS)
    with shadow(o) as s:
        for step in range(8):
            o.zero_grad()
            loss(step).backward()
            o.step()
    found = s.divergence
    assert found is not None
    assert (found.step, found.quantity) == (5, "exp_inf")
    assert found.parameter == "param_groups[0]['params'][0] ('0.weight')"
    last = dict(model.named_parameters())["0.weight"]
    assert isinstance(found.difference, Difference) and found.element is not None
    assert len(found.difference.where) == last.ndim
    assert found.element.t == 5
    text = str(found)
    for part in (
        "step 5",
        "'0.weight'",
        "exp_inf[",
        "got ",
        "wanted",
        "ulp of binary32",
        "made from, at update 5",
        "minus_rate",
        "0x",
    ):
        assert part in text
    assert s.steps == 5  # nothing is compared after the first divergence


def test_the_dialect_that_is_really_followed_is_named() -> None:
    p = adamax_ref.Parameter(np.array([1.0, 2.0]), np.array([0.3, 0.7]))
    o = adamax_ref.Adamax([p], **{**adamax_ref.defaults("paper"), "lr": 0.1})
    with shadow(o, dialect="torch") as s:
        o.step()
        o.step()
    assert s.divergence is not None
    assert "paper" in s.divergence.follows
    assert "torch" not in s.divergence.follows


def test_duplicates_late_parameters_loaded_state_and_missing_gradients_are_followed(peer: Peer) -> None:
    torch = peer("torch")
    p, q, r = (torch.nn.Parameter(torch.full((3,), float(k))) for k in (1, 2, 3))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        o = torch.optim.Adamax([p, p, q], lr=torch.tensor(0.1, dtype=torch.float64))
    with shadow(o) as s:
        for step in range(6):
            p.grad = torch.tensor([0.3, -0.2, 0.1]) * (step + 1)
            q.grad = None if step < 2 else p.grad * 2
            if step == 3:
                o.add_param_group({"params": [r]})
                r.grad = p.grad.clone()
            if step == 4:
                saved = o.state_dict()
                o.load_state_dict({**saved, "state": {k: v for k, v in saved["state"].items() if k != 0}})
            o.param_groups[0]["lr"].mul_(0.9)
            o.step()
    assert s.divergence is None
    assert s.steps == 6


@pytest.mark.parametrize("kind", ["complex64", "float64", "bfloat16"])
def test_other_types_are_followed(peer: Peer, kind: str) -> None:
    torch = peer("torch")
    torch.manual_seed(0)
    p = torch.randn(33, dtype=getattr(torch, kind))
    o = torch.optim.Adamax([p], weight_decay=0.1)
    with shadow(o) as s:
        for _ in range(3):
            p.grad = torch.randn(33, dtype=p.dtype)
            o.step()
    assert s.divergence is None


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("kind", ["float16", "float64"])
@pytest.mark.parametrize("tensor", [False, True])
def test_the_mode_that_torch_computes_in_is_followed(peer: Peer, foreach: bool, kind: str, tensor: bool) -> None:
    """In float16 foreach rounds beta2; a float32 tensor as learning rate makes the loop divide in float32."""
    torch = peer("torch")
    torch.manual_seed(1)
    p = torch.randn(200, dtype=getattr(torch, kind))
    o = torch.optim.Adamax([p], lr=torch.tensor(0.1) if tensor else 0.1, foreach=foreach, eps=1e-3)
    plain = adamax_ref.Adamax([p.clone()], lr=0.1, foreach=foreach, eps=1e-3)
    with shadow(o) as s, shadow(plain) as of_ours:
        for _ in range(4):
            for optimizer in (o, plain):
                optimizer.param_groups[0]["params"][0].grad = torch.randn(200, dtype=p.dtype)
                optimizer.step()
    assert s.divergence is None, str(s)
    assert of_ours.divergence is None


def test_a_wrong_counter_is_a_divergence(peer: Peer) -> None:
    torch = peer("torch")

    class Forgetful(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        def step(self, closure: Any = None) -> Any:
            super().step(closure)
            self.state[self.param_groups[0]["params"][0]]["step"] += 1

    p = torch.ones(2)
    p.grad = torch.ones(2)
    o = Forgetful([p])
    with shadow(o) as s:
        o.step()
    assert s.divergence is not None
    assert s.divergence.quantity == "step"
    assert isinstance(s.divergence.difference, Difference)
    assert (s.divergence.difference.got, s.divergence.difference.wanted) == (2, 1)


def test_the_optimizer_is_only_read_and_left_without_hooks(peer: Peer) -> None:
    torch = peer("torch")
    ends = []
    for watched in (False, True):
        p = torch.tensor([1.0, 2.0])
        o = torch.optim.Adamax([p])
        s = shadow(o) if watched else None
        p.grad = torch.tensor([0.3, -0.4])
        o.step()
        if s is not None:
            s.close()
            s.close()
            o.step()
            assert s.steps == 1
        else:
            o.step()
        ends.append(p.tolist())
    assert ends[0] == ends[1]
    with pytest.raises(RuntimeError, match="stop"), shadow(o) as s:
        raise RuntimeError("stop")
    assert not o._optimizer_step_pre_hooks


def test_bad_arguments_are_named(peer: Peer) -> None:
    torch = peer("torch")
    o = torch.optim.Adamax([torch.ones(1)])
    with pytest.raises(ValueError, match="unknown dialect 'nobody'"):
        shadow(o, dialect="nobody")
    with pytest.raises(AttributeError, match="'int' object has no attribute"):
        shadow(3)
    assert not o._optimizer_step_pre_hooks
    assert "step" not in vars(o)
