"""Torch tensors as parameters, and the optimizer that torch's own machinery drives."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from types import ModuleType
from typing import Any

import pytest

from adamax_ref import Adamax
from adamax_ref.interop.torch_optimizer import optimizer_class

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]
Same = Callable[[Any, Any], bool]


def _model(torch: ModuleType, kind: str = "float32") -> Any:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)).to(getattr(torch, kind))


def _train(torch: ModuleType, model: Any, o: Any, schedule: Any = None, steps: int = 10) -> None:
    random = torch.Generator().manual_seed(9)
    for _ in range(steps):
        o.zero_grad()
        x = torch.randn(8, 6, generator=random).to(next(model.parameters()).dtype)
        model(x).square().sum().backward()
        o.step()
        if schedule is not None:
            schedule.step()


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("named", [False, True])
def test_a_model_s_parameters_are_updated_in_their_own_memory_with_torch_s_bits(
    peer: Peer, same: Same, kind: str, named: bool
) -> None:
    torch = peer("torch")
    theirs, ours = _model(torch, kind), _model(torch, kind)
    places = [p.data_ptr() for p in ours.parameters()]
    for model, optimizer in ((theirs, torch.optim.Adamax), (ours, Adamax)):
        _train(torch, model, optimizer(model.named_parameters() if named else model.parameters(), lr=0.05))
    assert all(same(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert [p.data_ptr() for p in ours.parameters()] == places


def test_autograd_learns_that_the_memory_was_written(peer: Peer) -> None:
    torch = peer("torch")
    p = torch.nn.Parameter(torch.ones(2))
    loss = (p * p).sum()
    p.grad = torch.ones(2)
    Adamax([p]).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_state_of_tensors_is_tensors_and_loads_into_torch_as_it_is(peer: Peer, same: Same) -> None:
    torch = peer("torch")
    model = _model(torch)
    o = Adamax(model.parameters())
    _train(torch, model, o)
    other = deepcopy(model)
    theirs = torch.optim.Adamax(other.parameters())
    theirs.load_state_dict(deepcopy(o.state_dict()))
    _train(torch, model, o)
    _train(torch, other, theirs)
    assert all(same(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def test_torch_s_schedulers_drive_the_subclass_and_frameworks_take_it_for_an_optimizer(peer: Peer, same: Same) -> None:
    torch = peer("torch")
    ends = []
    for home in (torch.optim.Adamax, optimizer_class()):
        model = _model(torch)
        o = home(model.named_parameters(), lr=0.05, weight_decay=0.1)
        kit = torch.optim.lr_scheduler
        parts = [kit.LinearLR(o, 0.1, total_iters=4), kit.CosineAnnealingLR(o, 10)]
        _train(torch, model, o, kit.SequentialLR(o, parts, [4]), 20)
        assert isinstance(o, torch.optim.Optimizer)
        ends.append((model, o.state_dict()))
    (a, saved_a), (b, saved_b) = ends
    assert all(same(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
    assert saved_a["param_groups"] == saved_b["param_groups"]
    for key, entry in saved_a["state"].items():
        assert all(same(entry[name], saved_b["state"][key][name]) for name in entry)


def test_the_subclass_saves_loads_copies_and_pickles_like_torch_s(peer: Peer, same: Same) -> None:
    torch = peer("torch")
    Subclass = optimizer_class()
    model = _model(torch)
    o = Subclass(model.parameters(), dialect="paper", eps=0.0)
    _train(torch, model, o)
    fresh = Subclass(model.parameters(), dialect="paper", eps=0.0)
    fresh.load_state_dict(o.state_dict())
    assert fresh.state_dict()["param_groups"] == o.state_dict()["param_groups"]
    for copied in (deepcopy(o), pickle.loads(pickle.dumps(o))):
        assert (copied.adamax_ref_dialect, copied.adamax_ref_backend) == ("paper", None)
        for p in copied.param_groups[0]["params"]:
            p.grad = torch.ones_like(p)
        copied.step()


def test_the_subclass_runs_closures_with_graphs_and_refuses_what_we_refuse(peer: Peer) -> None:
    torch = peer("torch")
    p = torch.nn.Parameter(torch.ones(2))
    o = optimizer_class()([p])

    def closure() -> Any:
        o.zero_grad()
        loss = p.square().sum()
        loss.backward()
        return loss

    assert o.step(closure).item() == 2
    o.param_groups[0]["lr"] = -1.0
    with pytest.raises(ValueError, match=r"Invalid learning rate: -1\.0"):
        o.step()
    with pytest.raises(ValueError, match="unknown dialect 'nobody'"):
        optimizer_class()([p], dialect="nobody")


def test_gradscaler_style_unscaling_before_the_step_changes_nothing(peer: Peer, same: Same) -> None:
    torch = peer("torch")
    ends = []
    for home in (torch.optim.Adamax, Adamax):
        p = torch.nn.Parameter(torch.ones(3))
        o = home([p])
        for step in range(3):
            p.grad = torch.tensor([1.0, 2.0, 3.0]) * 1024 * (step + 1)
            p.grad.mul_(1 / 1024)
            o.step()
        ends.append(p)
    assert same(*ends)
