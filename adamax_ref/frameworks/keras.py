"""Keras 3's ``keras.optimizers.Adamax`` on each of its backends."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from .jax import x64
from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step
from .torch import from_torch, to_torch

Apply = Callable[[object], None]
"""Does a step with a gradient, a tensor of the backend."""


def _optimizer(start: Start) -> tuple[Any, Any]:
    """Return the optimizer, built for one variable and put into the state, and the variable."""
    import keras

    h = start.hyper
    if h.maximize:
        raise ValueError("Keras's Adamax has no maximize; negate the gradient")
    dtype = start.p.dtype.name
    variable = keras.Variable(_tensor(start.p), dtype=dtype, trainable=True)
    optimizer = keras.optimizers.Adamax(h.lr, h.beta1, h.beta2, h.eps, weight_decay=h.weight_decay or None)
    optimizer.build([variable])
    optimizer._m[0].assign(_tensor(start.m))
    optimizer._u[0].assign(_tensor(start.u))
    optimizer.iterations.assign(start.t)
    return optimizer, variable


def _tensor(array: Array) -> Any:
    import keras

    if keras.backend.backend() == "torch":
        return to_torch(array)
    return keras.ops.convert_to_tensor(np.array(array))


def _numbers(variable: Any) -> Array:
    import keras

    if keras.backend.backend() == "torch":
        return from_torch(variable.value)
    return np.array(variable.value)


def _look(optimizer: Any, variable: Any) -> tuple[Array, Array, Array]:
    return _numbers(variable), _numbers(optimizer._m[0]), _numbers(optimizer._u[0])


def begin(start: Start, wrap: Callable[[Apply], Apply] | None = None) -> Step:
    """Apply gradients eagerly, or through `wrap`, which compiles a function of a gradient."""
    optimizer, variable = _optimizer(start)

    def apply(g: Any) -> None:
        optimizer.apply([g], [variable])

    wrapped = apply if wrap is None else wrap(apply)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        optimizer.learning_rate = lr
        wrapped(_tensor(g))
        return _look(optimizer, variable)

    return step


def _xla(function: Any) -> Any:
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def begin_jax(start: Start, compiled: bool = False) -> Step:
    """Apply gradients on JAX through ``stateless_apply``, in 64 bits where the profile asks for them."""
    import jax

    with x64(start.profile == "f64"):
        optimizer, variable = _optimizer(start)
        state, weights = [v.value for v in optimizer.variables], [variable.value]
    apply = jax.jit(optimizer.stateless_apply) if compiled else optimizer.stateless_apply

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal weights, state
        with x64(start.profile == "f64"):
            at = [v.path for v in optimizer.variables].index(optimizer._learning_rate.path)
            state[at] = jax.numpy.asarray(lr, state[at].dtype)
            weights, state = apply(state, [_tensor(g)], weights)
            for held, value in zip([*optimizer.variables, variable], [*state, *weights], strict=True):
                held.assign(value)
            return _look(optimizer, variable)

    return step


LAYOUT = Layout(
    "momentum",
    "norm",
    "{}_momentum",
    "{}_norm",
    Count("iterations", "iteration", "int64"),
    build="flat",
    others=("learning_rate",),
)
# With JAX and torch Keras counts in 32 bits.
_LAYOUT_32 = replace(LAYOUT, count=Count("iterations", "iteration", "int32"))

_keras = partial(Framework, module="keras", profiles=("f64", "f32", "f16", "bf16"))
_TF = {"KERAS_BACKEND": "tensorflow"}
_JAX = {"KERAS_BACKEND": "jax"}
_on_tf = partial(_keras, versions=("keras", "tensorflow_cpu"), environment=_TF, remedy="pip install keras tensorflow-cpu")
_on_jax = partial(_keras, versions=("keras", "jax"), environment=_JAX, remedy="pip install keras jax")
_on_torch = partial(_keras, versions=("keras", "torch"), environment={"KERAS_BACKEND": "torch"}, remedy="pip install keras torch")

FRAMEWORKS = (
    _on_tf("keras", layout=LAYOUT, begin=begin, settings="TensorFlow, CPU, eager"),
    _on_tf("keras/tensorflow-xla", begin=partial(begin, wrap=_xla), settings="TensorFlow, CPU, jit_compile=True"),
    _on_jax("keras/jax", layout=_LAYOUT_32, begin=begin_jax, settings="JAX, CPU, op by op"),
    _on_jax("keras/jax-jit", layout=_LAYOUT_32, begin=partial(begin_jax, compiled=True), settings="JAX, CPU, jit"),
    _on_torch("keras/torch", layout=_LAYOUT_32, begin=begin, settings="torch, CPU"),
)
