"""The package pytorch_optimizer's ``AdaMax``."""

from dataclasses import replace
from functools import partial

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step
from .torch import LAYOUT, from_torch, to_torch


def begin(start: Start, **flags: object) -> Step:
    """Put the state into ``AdaMax``; its step number belongs to the group."""
    from pytorch_optimizer import AdaMax

    h = start.hyper
    p = to_torch(start.p)
    optimizer = AdaMax([p], h.lr, h.betas, h.weight_decay, eps=h.eps, maximize=h.maximize, **flags)
    optimizer.state[p] = {"exp_avg": to_torch(start.m), "exp_inf": to_torch(start.u)}
    group = optimizer.param_groups[0]
    if start.t:
        group["step"] = start.t

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        p.grad = to_torch(g)
        group["lr"] = lr
        optimizer.step()
        state = optimizer.state[p]
        return from_torch(p), from_torch(state["exp_avg"]), from_torch(state["exp_inf"])

    return step


# The number of the step is an option of the group; maximize is one of the optimizer and not saved.
_LAYOUT = replace(
    LAYOUT,
    count=Count("step", "", "int64"),
    shared=True,
    group={"foreach": None},
    means={},
)


def _with(*flags: str) -> Layout:
    every = ("weight_decouple", "fixed_decay", "adam_debias")
    return replace(_LAYOUT, flags={flag: flag in flags for flag in every})


_package = partial(
    Framework,
    module="pytorch_optimizer",
    profiles=("f64", "f32"),
    versions=("pytorch_optimizer", "torch"),
    remedy="pip install pytorch_optimizer",
)

FRAMEWORKS = (
    _package("pytorch-optimizer", layout=_with(), begin=begin, settings="torch CPU"),
    _package(
        "pytorch-optimizer/decoupled",
        layout=_with("weight_decouple"),
        begin=partial(begin, weight_decouple=True),
        settings="torch CPU, weight_decouple=True",
    ),
    _package(
        "pytorch-optimizer/fixed",
        layout=_with("weight_decouple", "fixed_decay"),
        begin=partial(begin, weight_decouple=True, fixed_decay=True),
        settings="torch CPU, weight_decouple=True, fixed_decay=True",
    ),
    _package(
        "pytorch-optimizer/debias",
        layout=_with("adam_debias"),
        begin=partial(begin, adam_debias=True),
        settings="torch CPU, adam_debias=True",
    ),
)
