"""PyTorch's ``torch.optim.Adamax`` on the CPU, and the optimizers of other packages that work on its tensors."""

from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step

INSTALL = "pip install torch==2.13.0 --extra-index-url https://download.pytorch.org/whl/cpu"

if TYPE_CHECKING:
    from torch import Tensor


def to_torch(array: Array) -> "Tensor":
    """Return a tensor with a copy of the numbers."""
    import torch

    if array.dtype.name == "bfloat16":
        return torch.from_numpy(np.array(array).view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.array(array))


def from_torch(tensor: "Tensor") -> Array:
    """Return an array with a copy of the numbers."""
    import torch

    plain = tensor.detach().cpu().clone()
    if plain.dtype is torch.bfloat16:
        import ml_dtypes

        return np.asarray(plain.view(torch.int16).numpy().view(ml_dtypes.bfloat16))
    return np.asarray(plain.numpy())


def begin(start: Start, lr: Literal["float", "tensor"] = "float", compiled: bool = False, **flags: object) -> Step:
    """Put the state into ``torch.optim.Adamax``; `lr` is ``float``, or ``tensor`` for a float32 tensor."""
    import torch

    torch.set_num_threads(1)
    p = to_torch(start.p)
    h = start.hyper
    if flags.get("capturable"):
        module: Any = import_module("torch.optim.adamax")
        module._get_capturable_supported_devices = lambda **_: ["cpu"]  # the list only guards CUDA graphs
    rate: Any = torch.tensor(h.lr, dtype=torch.float32) if lr == "tensor" else h.lr
    optimizer = torch.optim.Adamax([p], rate, h.betas, h.eps, h.weight_decay, maximize=h.maximize, **flags)
    count = torch.tensor(float(start.t))
    optimizer.state[p] = {"step": count, "exp_avg": to_torch(start.m), "exp_inf": to_torch(start.u)}
    if compiled:
        torch._dynamo.reset()
    advance = torch.compile(optimizer.step) if compiled else optimizer.step

    def step(g: Array, lr_now: float) -> tuple[Array, Array, Array]:
        p.grad = to_torch(g)
        optimizer.param_groups[0]["lr"] = torch.tensor(lr_now, dtype=torch.float32) if lr == "tensor" else lr_now
        advance()
        state = optimizer.state[p]
        return from_torch(p), from_torch(state["exp_avg"]), from_torch(state["exp_inf"])

    return step


_EVERYTHING = ("f64", "f32", "f16", "bf16", "c64", "c128")
_REAL = ("f64", "f32", "f16", "bf16")
LAYOUT = Layout(
    "exp_avg",
    "exp_inf",
    "state.{}.exp_avg",
    "state.{}.exp_inf",
    Count("step", "state.{}.step", "float32"),
    shared=False,
    build="groups",
    group={"foreach": None, "differentiable": False, "capturable": False},
    means={"maximize": False},  # an option since PyTorch 1.11
)

_torch = partial(Framework, module="torch", versions=("torch",), remedy=INSTALL)

FRAMEWORKS = (
    _torch("torch", layout=LAYOUT, begin=begin, profiles=_EVERYTHING, settings="CPU, one tensor at a time"),
    _torch("torch/foreach", begin=partial(begin, foreach=True), profiles=_REAL, settings="CPU, foreach=True"),
    _torch("torch/tensor-lr", begin=partial(begin, lr="tensor"), profiles=_REAL, settings="CPU, lr a float32 tensor"),
    _torch(
        "torch/tensor-lr-foreach",
        begin=partial(begin, lr="tensor", foreach=True),
        profiles=_REAL,
        settings="CPU, lr a float32 tensor, foreach=True",
    ),
    _torch(
        "torch/capturable",
        layout=replace(LAYOUT, flags={"capturable": True}),
        begin=partial(begin, capturable=True),
        profiles=_REAL,
        settings="CPU, capturable=True",
    ),
    _torch("torch/compile", begin=partial(begin, compiled=True), profiles=("f64", "f32"), settings="CPU, torch.compile of step"),
    _torch(
        "torch/unfused",
        begin=begin,
        profiles=_REAL,
        environment={"ATEN_CPU_CAPABILITY": "default"},
        settings="CPU, ATEN_CPU_CAPABILITY=default",
    ),
)
