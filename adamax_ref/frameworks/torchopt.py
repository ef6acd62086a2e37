"""The package TorchOpt's functional ``adamax``."""

from typing import Any

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step
from .torch import from_torch, to_torch


def begin(start: Start) -> Step:
    """Put the state into the functional optimizer's first transformation."""
    import torch
    import torchopt

    h = start.hyper
    p = [to_torch(start.p)]
    if h.maximize:
        raise ValueError("TorchOpt's adamax has no maximize; negate the gradient")
    rule = torchopt.adamax(h.lr, h.betas, h.eps, h.weight_decay)
    state = _restored(rule.init(p), start)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal p, state
        if lr != h.lr:
            raise ValueError("TorchOpt fixes the learning rate when the optimizer is made")
        with torch.no_grad():
            changes, state = rule.update([to_torch(g)], state, params=p, inplace=False)
            p = torchopt.apply_updates(p, changes, inplace=False)
        moments = _moments(state)
        return from_torch(p[0]), from_torch(moments.mu[0]), from_torch(moments.nu[0])

    return step


def _moments(state: Any) -> Any:
    """Find the part of the state that holds ``mu`` and ``nu``."""
    return next(part for part in state if hasattr(part, "mu"))


def _restored(state: Any, start: Start) -> Any:
    """Put the state in; TorchOpt counts the step that comes next."""
    values = {"mu": [to_torch(start.m)], "nu": [to_torch(start.u)], "t": start.t + 1}
    return tuple(part._replace(**values) if hasattr(part, "mu") else part for part in state)


_LAYOUT = Layout(
    "mu",
    "nu",
    "mu.{}",
    "nu.{}",
    Count("t", "t", "int64", ahead=1),
    schedules=(r"\d+\.count.*",),
)

FRAMEWORKS = (
    Framework(
        "torchopt",
        layout=_LAYOUT,
        module="torchopt",
        begin=begin,
        profiles=("f64", "f32"),
        versions=("torchopt", "torch"),
        remedy="pip install torchopt",
        settings="functional adamax, torch CPU",
    ),
)
