"""PyMC's ``adamax`` on PyTensor, which compiles it to C or with Numba."""

from functools import partial
from typing import Any

import numpy as np

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def begin(start: Start, mode: str) -> Step:
    """Compile one function for each learning rate; the state is what the function updates."""
    import pytensor
    from pymc.variational.updates import adamax

    h, dtype = start.hyper, start.p.dtype.name
    pytensor.config.floatX = dtype
    state = [start.m, start.u, start.p, np.asarray(start.t, dtype)]
    made: dict[float, tuple[Any, list[Any]]] = {}

    def compiled(lr: float) -> tuple[Any, list[Any]]:
        g = pytensor.tensor.vector("g", dtype=dtype)
        p = pytensor.shared(start.p)
        updates = adamax([g], [p], lr, h.beta1, h.beta2, h.eps)
        return pytensor.function([g], [], updates=updates, mode=mode), list(updates)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal state
        if lr not in made:
            made[lr] = compiled(lr)
        advance, shared = made[lr]
        for variable, value in zip(shared, state, strict=True):
            variable.set_value(value)
        advance(g)
        state = [np.array(variable.get_value()) for variable in shared]
        m, u, p, _ = state
        return p, m, u

    return step


_pymc = partial(
    Framework,
    module="pymc",
    versions=("pymc", "pytensor"),
    remedy="make an environment with pymc==5.28.5, and set ADAMAX_REF_PYTHON_PYMC to its python",
)

FRAMEWORKS = (
    _pymc(
        "pymc",
        begin=partial(begin, mode="NUMBA"),
        profiles=("f64", "f32"),
        settings="PyTensor, CPU, compiled with Numba",
        # The updates are a dictionary of variables without names.
        layout=Layout("m", "u", count=Count("t", "", "float32")),
    ),
    _pymc(
        "pymc/c",
        begin=partial(begin, mode="CVM"),
        profiles=("f64",),
        settings="PyTensor, CPU, compiled to C",
    ),
)
