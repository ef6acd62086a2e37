"""River's ``optim.AdaMax``, whose parameters are numbers in a dictionary."""

import numpy as np

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def begin(start: Start) -> Step:
    """Put the state into the optimizer's dictionaries: Python floats, or NumPy's for float32."""
    from river import optim

    h = start.hyper
    optimizer = optim.AdaMax(h.lr, h.beta1, h.beta2, h.eps)
    optimizer.n_iterations = start.t

    def numbers(array: Array) -> dict[int, float]:
        flat = array.reshape(-1)
        return dict(enumerate(flat.tolist() if array.dtype == np.float64 else flat))

    w = numbers(start.p)
    optimizer.m.update(numbers(start.m))
    optimizer.u.update(numbers(start.u))

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        optimizer.lr = optim.schedulers.Constant(lr)
        optimizer.step(w, numbers(g))
        p, m, u = (np.array([each[i] for i in range(g.size)], g.dtype).reshape(g.shape) for each in (w, optimizer.m, optimizer.u))
        return p, m, u

    return step


FRAMEWORKS = (
    Framework(
        "river",
        module="river",
        begin=begin,
        profiles=("f64", "f32"),
        versions=("river",),
        remedy="pip install river",
        layout=Layout("m", "u", count=Count("n_iterations", "", "int64")),
        settings="dictionaries of Python's floats; of NumPy's in float32",
    ),
)
