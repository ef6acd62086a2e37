"""optax's ``adamax`` and ``adamaxw`` on JAX's CPU: op by op or compiled, one array or several."""

from functools import partial
from typing import Any

import numpy as np

from .jax import x64
from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def begin(start: Start, compiled: str = "nothing", leaves: int = 1) -> Step:
    """Put the state into optax; `compiled` is ``nothing``, ``update`` or ``everything`` (update and apply)."""
    import jax
    import jax.numpy as jnp
    import optax

    h = start.hyper
    if h.maximize:
        raise ValueError("optax's adamax has no maximize; negate the gradient")

    def tree(array: Array) -> list[Any]:
        return [jnp.asarray(array), *(jnp.ones(2, array.dtype) for _ in range(leaves - 1))]

    def rule(lr: float) -> Any:
        if h.weight_decay:
            return optax.adamaxw(lr, h.beta1, h.beta2, h.eps, h.weight_decay)
        return optax.adamax(lr, h.beta1, h.beta2, h.eps)

    def both(lr: float) -> Any:
        if compiled == "everything":

            def advance(g: Any, s: Any, p: Any) -> Any:
                change, after = rule(lr).update(g, s, p)
                return optax.apply_updates(p, change), after

            return jax.jit(advance)
        update = jax.jit(rule(lr).update) if compiled == "update" else rule(lr).update

        def separately(g: Any, s: Any, p: Any) -> Any:
            change, after = update(g, s, p)
            return optax.apply_updates(p, change), after

        return separately

    wide = x64(start.profile == "f64")
    with wide:
        p = tree(start.p)
        first, *rest = rule(h.lr).init(p)
        state = (first._replace(count=jnp.asarray(start.t, jnp.int32), mu=tree(start.m), nu=tree(start.u)), *rest)
    made: dict[float, Any] = {}

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal p, state
        with x64(start.profile == "f64"):
            p, state = made.setdefault(lr, both(lr))(tree(g), state, p)
            return np.array(p[0]), np.array(state[0].mu[0]), np.array(state[0].nu[0])

    return step


_LAYOUT = Layout(
    "mu",
    "nu",
    "mu.{}",
    "nu.{}",
    Count("count", "count", "int32"),
    schedules=(r"(.*\.)?count",),
)

_optax = partial(
    Framework, module="optax", versions=("optax", "jax"), profiles=("f64", "f32", "f16", "bf16"), remedy="pip install optax jax"
)

FRAMEWORKS = (
    _optax("optax", layout=_LAYOUT, begin=begin, settings="CPU, op by op, one array"),
    _optax("optax/many", begin=partial(begin, leaves=2), settings="CPU, op by op, several arrays"),
    _optax("optax/jit", begin=partial(begin, compiled="everything"), settings="CPU, jit of update and apply, one array"),
    _optax(
        "optax/jit-many",
        begin=partial(begin, compiled="everything", leaves=2),
        settings="CPU, jit of update and apply, several arrays",
    ),
    _optax("optax/jit-update", begin=partial(begin, compiled="update"), settings="CPU, jit of update alone, one array"),
    _optax(
        "optax/jit-update-many",
        begin=partial(begin, compiled="update", leaves=2),
        settings="CPU, jit of update alone, several arrays",
    ),
)
