"""A run that goes back and forth between torch and us, with schedules, groups and names, is torch's run alone."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adamax_ref
from adamax_ref import interop
from adamax_ref.optimizer.tensors import bfloat16

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]
Same = Callable[[Any, Any], bool]
OPTIONS: tuple[dict[str, Any], ...] = ({"lr": 1e-2, "weight_decay": 0.1}, {"betas": (0.3, 0.9), "maximize": True})


class _Run:
    """Two layers with names, and the schedule of PyTorch's page, in torch or in ours."""

    def __init__(self, torch: ModuleType, ours: bool, kind: str, values: list[Any]) -> None:
        self.ours = ours
        self.torch = torch
        tensors = [torch.tensor(x, dtype=getattr(torch, kind)) for x in values]
        self.params: list[Any] = [
            adamax_ref.Parameter(interop.from_torch(_wrap(x))["state"][0]["x"]) if ours else x for x in tensors
        ]
        names = ["a", "b", "c", "d"]
        pairs = list(zip(names, self.params, strict=True))
        home = adamax_ref if ours else torch.optim
        kit: Any = adamax_ref if ours else torch.optim.lr_scheduler
        self.optimizer: Any = home.Adamax([{"params": pairs[:2], **OPTIONS[0]}, {"params": pairs[2:], **OPTIONS[1]}])
        parts = [kit.LinearLR(self.optimizer, start_factor=0.1, total_iters=8), kit.CosineAnnealingLR(self.optimizer, T_max=12)]
        self.schedule: Any = kit.SequentialLR(self.optimizer, parts, milestones=[8])

    def steps(self, gradients: list[list[Any]]) -> None:
        for some in gradients:
            for param, grad in zip(self.params, some, strict=True):
                tensor = None if grad is None else self.torch.tensor(grad, dtype=self.torch.float64)
                if tensor is not None and not self.ours:
                    tensor = tensor.to(param.dtype)
                elif tensor is not None:
                    tensor = np.asarray(tensor).astype(param.data.dtype)
                param.grad = tensor
            self.optimizer.step()
            self.schedule.step()

    def hand_over(self, other: "_Run") -> None:
        """Give parameters, schedule and state to a run of the other kind."""
        for mine, theirs in zip(self.params, other.params, strict=True):
            if self.ours:
                other_data = interop.to_torch(_wrap(mine.data))["state"][0]["x"]
                theirs.copy_(other_data)
            else:
                theirs.data = interop.from_torch(_wrap(mine))["state"][0]["x"]
        other.schedule.load_state_dict(self.schedule.state_dict())
        saved = self.optimizer.state_dict()
        other.optimizer.load_state_dict(interop.to_torch(saved) if self.ours else saved)


def _wrap(x: Any) -> dict[str, Any]:
    return {"state": {0: {"x": x}}, "param_groups": []}


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "bfloat16"])
def test_five_steps_here_and_five_steps_there_are_thirty_steps_of_torch(peer: Peer, same: Same, kind: str) -> None:
    torch = peer("torch")
    draw = np.random.default_rng(11)
    values = [draw.normal(size=shape).tolist() for shape in ((9, 5), (5,), (), (33,))]
    gradients = [
        [None if (at + step) % 7 == 2 else draw.normal(size=np.shape(v)).tolist() for at, v in enumerate(values)]
        for step in range(30)
    ]
    alone = _Run(torch, False, kind, values)
    alone.steps(gradients)
    run = _Run(torch, False, kind, values)
    for leg in range(6):
        run.steps(gradients[5 * leg : 5 * leg + 5])
        if leg < 5:
            other = _Run(torch, not run.ours, kind, values)
            run.hand_over(other)
            run = other
    assert run.ours
    final = interop.to_torch(run.optimizer.state_dict())
    wanted = alone.optimizer.state_dict()
    for mine, theirs in zip(run.params, alone.params, strict=True):
        assert same(mine.data, theirs)
    for key, entry in wanted["state"].items():
        assert all(same(final["state"][key][name], entry[name]) for name in entry)
    assert final["param_groups"] == wanted["param_groups"]
    assert [list(group) for group in final["param_groups"]] == [list(group) for group in wanted["param_groups"]]
    assert run.schedule.state_dict() == alone.schedule.state_dict()


def _stepped(kind: str) -> tuple[Any, Any]:
    """Return an optimizer over awkward arrays after two steps."""
    dtype = bfloat16() if kind == "bfloat16" else np.dtype(kind)
    draw = np.random.default_rng(4)
    arrays = [np.asarray(draw.normal(size=shape)).astype(dtype) for shape in ((3, 4), (), (0, 2))]
    arrays[0] = arrays[0].T
    params = [adamax_ref.Parameter(x, x[..., ::-1].copy() if x.ndim else x.copy()) for x in arrays]
    o = adamax_ref.Adamax([{"params": params[:1], "lr": np.asarray(0.1)}, {"params": params[1:], "note": "kept"}], eps=1e-3)
    o.step()
    o.step()
    return o, params


KINDS = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("kind", KINDS)
def test_ours_to_torch_and_back_is_the_same_state_dictionary(peer: Peer, same: Same, kind: str) -> None:
    peer("torch")
    o, _ = _stepped(kind)
    saved = o.state_dict(copy=True)
    back = interop.from_torch(interop.to_torch(saved))
    _equal(same, saved, back)
    assert all(type(entry["step"]) is int for entry in back["state"].values())
    assert back["state"][0]["exp_avg"].strides == saved["state"][0]["exp_avg"].strides


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_pickle_keeps_every_bit(same: Same, peer: Peer, tmp_path: Path, kind: str) -> None:
    peer("safetensors")
    o, params = _stepped(kind)
    saved = o.state_dict(copy=True)
    interop.save(saved, tmp_path / "state.safetensors")
    read = interop.load(tmp_path / "state.safetensors")
    _equal(same, saved, read)
    again = adamax_ref.Adamax([{"params": params[:1]}, {"params": params[1:]}])
    again.load_state_dict(read)
    _equal(same, again.state_dict(), saved)
    assert [file.name for file in tmp_path.iterdir()] == ["state.safetensors"]


def test_torch_s_own_file_format_reads_the_result_with_weights_only(peer: Peer, same: Same, tmp_path: Path) -> None:
    torch = peer("torch")
    o, _ = _stepped("bfloat16")
    made = interop.to_torch(o.state_dict())
    torch.save(made, tmp_path / "state.pt")
    _equal(same, torch.load(tmp_path / "state.pt", weights_only=True), made)


def _equal(same: Same, a: Any, b: Any) -> None:
    """Compare two state dictionaries, with the order of their keys."""
    assert list(a["state"]) == list(b["state"])
    assert [list(group) for group in a["param_groups"]] == [list(group) for group in b["param_groups"]]
    pairs = [(a["state"][key], b["state"][key]) for key in a["state"]] + list(
        zip(a["param_groups"], b["param_groups"], strict=True)
    )
    for mine, theirs in pairs:
        for name in mine:
            x, y = mine[name], theirs[name]
            assert same(x, y) if hasattr(x, "dtype") else x == y and type(x) is type(y), name


def test_a_step_too_large_for_float32_is_refused(peer: Peer) -> None:
    torch = peer("torch")
    saved = {"state": {0: {"step": 2**24}}, "param_groups": []}
    with pytest.raises(OverflowError, match="cannot go on in float32"):
        interop.to_torch(saved)
    assert interop.to_torch(saved, step_dtype=torch.float64)["state"][0]["step"].item() == 2**24


def test_files_that_are_not_ours_or_damaged_and_values_that_cannot_be_stored_are_named(peer: Peer, tmp_path: Path) -> None:
    safetensors = peer("safetensors.numpy")
    path = tmp_path / "state.safetensors"
    safetensors.save_file({"x": np.ones(3)}, path)
    with pytest.raises(ValueError, match="holds no state dictionary of adamax_ref"):
        interop.load(path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"state_dict.state.0.x is object, which cannot be stored"):
        interop.save({"state": {0: {"x": object()}}}, path)
    assert path.read_bytes() == before
    path.write_bytes(before[:20])
    with pytest.raises(ValueError, match="is not a readable safetensors file"):
        interop.load(path)


def test_states_of_old_releases_and_of_other_hands_load(peer: Peer, same: Same) -> None:
    torch = peer("torch")
    p = torch.ones(3)
    p.grad = torch.ones(3)
    theirs = torch.optim.Adamax([p], foreach=True, lr=torch.tensor(0.1))
    theirs.step()
    saved = theirs.state_dict()
    twin = adamax_ref.Parameter(np.ones(3, np.float32))
    ours = adamax_ref.Adamax([twin])
    ours.load_state_dict(saved)
    assert same(ours.state[twin]["exp_avg"], theirs.state[p]["exp_avg"])
    assert ours.state[twin]["step"] == 1
    old = {
        "state": {7: {**saved["state"][0], "step": 5}},
        "param_groups": [{"params": [7], "lr": 0.1, "betas": (0.9, 0.99), "eps": 0.1, "weight_decay": 0}],
    }
    ours.load_state_dict(old)
    assert ours.state[twin]["step"] == 5
    twin.grad = np.ones(3, np.float32)
    ours.step()
    assert float(saved["state"][0]["step"]) == 1
