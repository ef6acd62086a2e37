"""Apple's ``mlx.optimizers.Adamax``, on the CPU."""

from typing import Any

import numpy as np

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def _to_mlx(array: Array) -> Any:
    import mlx.core as mx

    if array.dtype.name == "bfloat16":
        return mx.array(np.array(array).view(np.uint16)).view(mx.bfloat16)
    return mx.array(np.array(array), getattr(mx, array.dtype.name))


def _from_mlx(array: Any) -> Array:
    import mlx.core as mx

    if array.dtype == mx.bfloat16:
        import ml_dtypes

        return np.array(array.view(mx.uint16)).view(ml_dtypes.bfloat16)
    return np.array(array)


def begin(start: Start) -> Step:
    """Put the state into MLX's dictionary and apply gradients to a dictionary of one array."""
    import mlx.core as mx
    from mlx.optimizers import Adamax

    h = start.hyper
    mx.set_default_device(mx.cpu)
    optimizer = Adamax(h.lr, list(h.betas), h.eps)
    p = {"w": _to_mlx(start.p)}
    optimizer.init(p)
    optimizer.state["w"] = {"m": _to_mlx(start.m), "v": _to_mlx(start.u)}

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal p
        optimizer.learning_rate = lr
        p = optimizer.apply_gradients({"w": _to_mlx(g)}, p)
        mx.eval(p, optimizer.state)
        state = optimizer.state["w"]
        return _from_mlx(p["w"]), _from_mlx(state["m"]), _from_mlx(state["v"])

    return step


_LAYOUT = Layout(
    "m",
    "v",
    "{}.m",
    "{}.v",
    Count("step", "step", "uint64"),
    others=("learning_rate",),
)

FRAMEWORKS = (
    Framework(
        "mlx",
        layout=_LAYOUT,
        module="mlx",
        begin=begin,
        profiles=("f64", "f32", "f16", "bf16"),
        versions=("mlx",),
        remedy="pip install 'mlx[cpu]'",
        settings="CPU",
    ),
)
