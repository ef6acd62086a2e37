"""MindSpore's ``nn.AdaMax`` and ``experimental.optim.Adamax`` on the CPU.

MindSpore runs some of the first calls of a compiled graph on threads that flush subnormal numbers to zero: the first, and
for some graphs the sixth to the fifteenth, while it tries threads out. So each optimizer is called fifteen times before
the state is put in: what is compared are the calls that a training run consists of. MindSpore stays with the threads
that were faster, which on a busy machine are sometimes those that flush. Such an optimizer is made anew.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .layout import Count, Layout, Product
from .protocol import Array, Framework, Start, Step

TRIALS = 15
"""Calls of a graph in which MindSpore tries threads out."""

ATTEMPTS = 8
"""Optimizers to make before giving up; about one in a hundred stays with threads that flush."""

Made = tuple[Any, tuple[Any, Any, Any], Any, Callable[[], None]]
"""An optimizer, its parameter and moments, its learning rate, and what puts the rest of its state in."""


def begin(start: Start) -> Step:
    """Put the state into ``nn.AdaMax``; the power of beta1 is part of it."""
    from mindspore import nn

    from adamax_ref.recipe.powers import running_product
    from adamax_ref.recipe.profile import BINARY32

    h = start.hyper
    power = running_product(BINARY32.round(h.beta1), start.t, BINARY32) if start.t else 1.0

    def make() -> Made:
        p = _parameter(start)
        optimizer = nn.AdaMax([p], h.lr, h.beta1, h.beta2, h.eps, weight_decay=h.weight_decay)
        moments = optimizer.moment1[0], optimizer.moment2[0]
        restore = partial(_put, optimizer.beta1_power, np.full(1, power, np.float32))
        return optimizer, (p, *moments), optimizer.learning_rate, restore

    return _steps(start, make)


def begin_experimental(start: Start) -> Step:
    """Put the state into ``experimental.optim.Adamax``, which counts."""
    from mindspore.experimental import optim

    h = start.hyper

    def make() -> Made:
        p = _parameter(start)
        optimizer = optim.Adamax([p], h.lr, h.betas, h.eps, h.weight_decay, maximize=h.maximize)
        restore = partial(_put, optimizer.step_t, np.array(start.t, np.int32))
        return optimizer, (p, optimizer.exp_avg[0], optimizer.exp_inf[0]), optimizer.lrs[0], restore

    return _steps(start, make)


def _parameter(start: Start) -> Any:
    from mindspore import Parameter, Tensor

    return Parameter(Tensor(np.array(start.p)), name="p")


def _put(held: Any, value: Array) -> None:
    """Assign by MindSpore's operation: a compiled ``nn.AdaMax`` does not see what ``set_data`` puts in."""
    from mindspore import Tensor, ops

    ops.assign(held, Tensor(value))


def _settled(start: Start, make: Callable[[], Made]) -> Made:
    """Return an optimizer for which MindSpore has chosen threads that do not flush."""
    from mindspore import Tensor

    zeros, tiny = (np.full_like(start.p, x) for x in (0.0, 1e-38))
    for _ in range(ATTEMPTS):
        made = make()
        optimizer, arrays, *_ = made
        for _ in range(TRIALS):
            optimizer((Tensor(zeros),))
        for array in arrays:
            _put(array, zeros)
        optimizer((Tensor(tiny),))
        if not start.p.size or arrays[1].asnumpy().any():  # a part of the gradient, so it is subnormal
            return made
    raise RuntimeError("MindSpore stays with threads that flush subnormal numbers to zero; run it when the machine is less busy")


def _steps(start: Start, make: Callable[[], Made]) -> Step:
    """Put the state in and go on from there."""
    from mindspore import Tensor

    optimizer, held, rate, restore = _settled(start, make)
    for array, value in zip(held, (start.p, start.m, start.u), strict=True):
        _put(array, np.array(value))
    restore()

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        _put(rate, np.array(lr, np.float32))
        optimizer((Tensor(np.array(g)),))
        p, m, u = (np.array(array.asnumpy()) for array in held)
        return p, m, u

    return step


_REMEDY = "make an environment with mindspore==2.10.0, and set ADAMAX_REF_PYTHON_MINDSPORE to its python"

_LAYOUT = Layout(
    "moment1",
    "moment2",
    "moment1.{}",
    "moment2.{}",
    Count("global_step", "global_step", "int32"),
    Product("beta1_power", "beta1_power", shape=(1,)),
    build="flat",
    others=("learning_rate",),
    positive=frozenset({"beta1", "beta2", "eps"}),
    undecayed="beta|gamma",
    flushes_at_first=True,
)

FRAMEWORKS = (
    Framework(
        "mindspore",
        layout=_LAYOUT,
        module="mindspore",
        begin=begin,
        profiles=("f32",),
        versions=("mindspore",),
        remedy=_REMEDY,
        settings="nn.AdaMax, CPU, after 15 calls",
    ),
    Framework(
        "mindspore/experimental",
        layout=Layout(
            "exp_avg",
            "exp_inf",
            "exp_avg.{}",
            "exp_inf.{}",
            Count("step_t", "step_t", "int32"),
            build="flat",
            others=(r"learning_rate.*",),
            positive=frozenset({"lr", "eps"}),
            flushes_at_first=True,
        ),
        module="mindspore",
        begin=begin_experimental,
        profiles=("f32",),
        versions=("mindspore",),
        remedy=_REMEDY,
        settings="experimental.optim.Adamax, CPU, after 15 calls",
    ),
)
