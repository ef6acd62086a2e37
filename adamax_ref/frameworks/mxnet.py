"""Apache MXNet 1's ``mx.optimizer.Adamax`` on the CPU."""

import numpy as np

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def begin(start: Start) -> Step:
    """Give the optimizer the state as arrays and its own count of the steps."""
    import mxnet

    h = start.hyper
    optimizer = mxnet.optimizer.Adamax(h.lr, h.beta1, h.beta2, wd=h.weight_decay)
    optimizer._index_update_count[0] = optimizer.num_update = start.t
    p, m, u = (mxnet.nd.array(array, dtype=array.dtype) for array in (start.p, start.m, start.u))

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        optimizer.set_learning_rate(lr)
        optimizer.update(0, p, mxnet.nd.array(g, dtype=g.dtype), (m, u))
        return np.array(p.asnumpy()), np.array(m.asnumpy()), np.array(u.asnumpy())

    return step


_LAYOUT = Layout(
    "m",
    "u",
    "states.{}.0",
    "states.{}.1",
    Count("count", "counts.{}", "int64"),
    shared=False,
    build="indexed",
)

FRAMEWORKS = (
    Framework(
        "mxnet/1.x",
        layout=_LAYOUT,
        module="mxnet",
        begin=begin,
        profiles=("f64", "f32"),
        versions=("mxnet",),
        remedy="make an environment with mxnet==1.9.1 and 'numpy<1.24', and set ADAMAX_REF_PYTHON_MXNET to its python",
        settings="CPU",
        departs={"f64": "scalars travel as decimal text, and MXNet's own reader of it is not correctly rounded"},
    ),
)
