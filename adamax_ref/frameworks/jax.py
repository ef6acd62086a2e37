"""``jax.example_libraries.optimizers.adamax`` on JAX's CPU, op by op or compiled."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np

from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def x64(wanted: bool) -> AbstractContextManager[Any]:
    """Return a context in which JAX has 64 bits, or has not; its place has changed between releases."""
    import jax
    from jax import experimental

    switch: Any = jax.enable_x64 if hasattr(jax, "enable_x64") else experimental.enable_x64
    context: AbstractContextManager[Any] = switch(wanted)
    return context


def begin(start: Start, compiled: bool = False, leaves: int = 1) -> Step:
    """Put the state into the optimizer's own; the caller counts the steps, from 0."""
    import jax
    import jax.numpy as jnp
    from jax.example_libraries import optimizers

    h = start.hyper
    count = start.t
    made: dict[float, Any] = {}

    def leaf(g: Array) -> list[Any]:
        return [jnp.asarray(g), *(jnp.ones(2, g.dtype) for _ in range(leaves - 1))]

    def advance(lr: float) -> Any:
        update = optimizers.adamax(lr, h.beta1, h.beta2, h.eps).update_fn
        return jax.jit(update) if compiled else update

    with x64(start.profile == "f64"):
        state = optimizers.adamax(h.lr).init_fn(leaf(start.p))
        first = [jnp.asarray(array) for array in (start.p, start.m, start.u)]
        state = state._replace(packed_state=[first, *state.packed_state[1:]])

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal state, count
        with x64(start.profile == "f64"):
            state = made.setdefault(lr, advance(lr))(count, leaf(g), state)
            p, m, u = (np.array(array) for array in state.packed_state[0])
        count += 1
        return p, m, u

    return step


_jax = partial(
    Framework,
    module="jax",
    versions=("jax",),
    profiles=("f64", "f32", "f16", "bf16"),
    remedy="pip install jax",
)

FRAMEWORKS = (
    # The caller of the update counts.
    _jax(
        "jax",
        begin=begin,
        layout=Layout("m", "u", count=Count("i", "", "int32")),
        settings="example_libraries, CPU, op by op",
    ),
    _jax(
        "jax/jit",
        begin=partial(begin, compiled=True),
        settings="example_libraries, CPU, jit of the update",
    ),
)
