"""TensorFlow's own kernel ``ResourceApplyAdaMax``, and the two Keras 2 optimizers that live on in ``tf_keras``."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from .keras import LAYOUT as KERAS_LAYOUT
from .layout import Count, Layout
from .protocol import Array, Framework, Start, Step


def begin_kernel(start: Start, compiled: bool = False) -> Step:
    """Call the raw operation; the caller owns ``beta1**t``, here the power in the type of the variable."""
    import tensorflow as tf

    h = start.hyper
    p, m, u = (tf.Variable(np.array(array)) for array in (start.p, start.m, start.u))
    kind = p.dtype
    b1, b2, eps = (tf.constant(x, kind) for x in (*h.betas, h.eps))
    count = start.t

    def apply(power: Any, lr: Any, g: Any) -> None:
        tf.raw_ops.ResourceApplyAdaMax(
            var=p.handle, m=m.handle, v=u.handle, beta1_power=power, lr=lr, beta1=b1, beta2=b2, epsilon=eps, grad=g
        )

    call = tf.function(apply, jit_compile=compiled, autograph=False)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        nonlocal count
        count += 1
        power = tf.pow(b1, tf.constant(count, kind))
        call(power, tf.constant(lr, kind), tf.constant(g))
        return p.numpy(), m.numpy(), u.numpy()

    return step


def begin_tf_keras(start: Start) -> Step:
    """``tf_keras.optimizers.Adamax``, eager."""
    import tensorflow as tf
    import tf_keras

    h = start.hyper
    p = tf.Variable(np.array(start.p))
    optimizer = tf_keras.optimizers.Adamax(h.lr, h.beta1, h.beta2, h.eps, weight_decay=h.weight_decay or None, jit_compile=False)
    optimizer.build([p])
    optimizer._m[0].assign(start.m)
    optimizer._u[0].assign(start.u)
    optimizer.iterations.assign(start.t)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        optimizer.learning_rate = lr
        optimizer.apply_gradients([(tf.constant(g), p)])
        return p.numpy(), optimizer._m[0].numpy(), optimizer._u[0].numpy()

    return step


def begin_legacy(start: Start) -> Step:
    """``tf_keras.optimizers.legacy.Adamax``, eager: the kernel with Keras's scalars."""
    import tensorflow as tf
    import tf_keras

    h = start.hyper
    p = tf.Variable(np.array(start.p))
    optimizer = tf_keras.optimizers.legacy.Adamax(h.lr, h.beta1, h.beta2, h.eps)
    optimizer._create_all_weights([p])
    optimizer.get_slot(p, "m").assign(start.m)
    optimizer.get_slot(p, "v").assign(start.u)
    optimizer.iterations.assign(start.t)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        optimizer.learning_rate = lr
        optimizer.apply_gradients([(tf.constant(g), p)])
        return p.numpy(), optimizer.get_slot(p, "m").numpy(), optimizer.get_slot(p, "v").numpy()

    return step


# The caller of the kernel counts and forms the power; there is no whole state.
_LAYOUT = Layout("m", "v", count=Count("step", "", "int64"))

_tf = partial(Framework, module="tensorflow", versions=("tensorflow_cpu",), remedy="pip install tensorflow-cpu")
_old = partial(Framework, module="tf_keras", versions=("tf_keras", "tensorflow_cpu"), remedy="pip install tensorflow-cpu tf_keras")

FRAMEWORKS = (
    _tf("tensorflow", layout=_LAYOUT, begin=begin_kernel, profiles=("f64", "f32", "f16"), settings="ResourceApplyAdaMax, CPU"),
    _tf(
        "tensorflow/xla",
        begin=partial(begin_kernel, compiled=True),
        profiles=("f64", "f32"),
        settings="ResourceApplyAdaMax, CPU, jit_compile=True",
    ),
    _old(
        "keras/tf-keras",
        layout=replace(
            KERAS_LAYOUT,
            moment="m",
            norm="u",
            moment_path="m/{}:0",
            norm_path="u/{}:0",
            count=Count("iterations", "iteration:0", "int64"),
            others=("learning_rate:0",),
        ),
        begin=begin_tf_keras,
        profiles=("f64", "f32"),
        settings="tf_keras.optimizers.Adamax, eager",
    ),
    _old(
        "tensorflow/legacy",
        layout=Layout(
            "m",
            "v",
            "{}/m:0",
            "{}/v:0",
            Count("iterations", "iter:0", "int64"),
            build="flat",
            others=("learning_rate:0", "decay:0"),
        ),
        begin=begin_legacy,
        profiles=("f64", "f32"),
        settings="tf_keras.optimizers.legacy.Adamax, eager",
    ),
)
