"""PaddlePaddle's ``paddle.optimizer.Adamax`` on the CPU."""

from typing import Any

import numpy as np

from .layout import Layout, Product
from .protocol import Array, Framework, Start, Step


def begin(start: Start) -> Step:
    """Put the state into Paddle's accumulators; the power of beta1 is one of them."""
    import paddle

    h = start.hyper
    paddle.set_device("cpu")
    p = paddle.create_parameter(list(start.p.shape), start.p.dtype.name)
    p.set_value(np.array(start.p))
    optimizer = paddle.optimizer.Adamax(h.lr, h.beta1, h.beta2, h.eps, parameters=[p], weight_decay=h.weight_decay or None)
    _restore(optimizer, p, start)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        optimizer.set_lr(lr)
        p.grad = paddle.to_tensor(np.array(g))
        optimizer.step()
        m, u = (optimizer._get_accumulator(name, p).numpy() for name in ("moment", "inf_norm"))
        return p.numpy().copy(), np.array(m), np.array(u)

    return step


def _restore(optimizer: Any, p: Any, start: Start) -> None:
    """Set the accumulators; the power is the running product that Paddle itself would hold."""
    from adamax_ref.recipe.powers import running_product
    from adamax_ref.recipe.profile import PROFILES

    form = PROFILES[start.profile].storage
    optimizer._create_accumulators(p.block, [p])
    optimizer._get_accumulator("moment", p).set_value(np.array(start.m))
    optimizer._get_accumulator("inf_norm", p).set_value(np.array(start.u))
    power = running_product(form.round(start.hyper.beta1), start.t + 1, form)
    held = optimizer._get_accumulator("beta1_pow_acc", p)
    held.set_value(np.full(held.shape, power, start.p.dtype))


_LAYOUT = Layout(
    "moment",
    "inf_norm",
    "{}_moment_#",
    "{}_inf_norm_#",
    product=Product("beta1_pow_acc", "{}_beta1_pow_acc_#", ahead=1, shape=(1,)),
    shared=False,
    build="flat",
    schedules=(r"LR_Scheduler\..*",),
)

FRAMEWORKS = (
    Framework(
        "paddle",
        layout=_LAYOUT,
        module="paddle",
        begin=begin,
        profiles=("f64", "f32"),
        versions=("paddlepaddle",),
        remedy="pip install paddlepaddle",
        settings="CPU",
    ),
)
