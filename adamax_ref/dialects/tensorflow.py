"""TensorFlow's kernel ``ResourceApplyAdaMax``, and ``tf.keras.optimizers.legacy.Adamax`` which calls it."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """All scalars are tensors of the parameter's type; the caller brings the power, formed in that type as well."""
    beta1 = to.store(to.work(h.beta1))
    return _scalars(beta1, to.store(to.work(h.beta2)), to.store(to.work(h.eps)), to.store(to.work(h.lr)), t, to)


def _scalars(beta1: Number, beta2: Number, eps: Number, lr: Number, t: int, to: Rounding) -> dict[str, Number]:
    """Form what the kernel forms once for all elements."""
    rate = to.store(lr / to.store(1 - to.store(beta1**t)))
    return {"beta1": beta1, "weight": to.store(1 - beta1), "beta2": beta2, "eps": eps, "rate": rate, "minus_rate": -rate}


def legacy_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Hyperparameters are float32 before they are cast; an epsilon of 0 is taken for a missing one."""
    lr, beta1, beta2 = (to.work(to.single(x)) for x in (h.lr, h.beta1, h.beta2))
    return _scalars(beta1, beta2, to.work(h.eps if h.eps != 0 else _DEFAULT_EPS), lr, t, to)


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``functor::ApplyAdaMax`` for the CPU."""
    m = m + (g - m) * c.weight
    u = greater(c.beta2 * u, abs(g))
    return p - c.rate * (m / (u + c.eps)), m, u


def compiled_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``ResourceApplyAdaMax`` of the bridge to XLA, which is written with two products."""
    m = fma(c.beta1, m, c.weight * g)
    u = greater(c.beta2 * u, abs(g))
    return fma(c.minus_rate, m / (u + c.eps), p), m, u


_DEFAULT_EPS = 1e-7

_base = Dialect(
    name="tensorflow",
    title="TensorFlow's ResourceApplyAdaMax, CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3, eps=_DEFAULT_EPS),
    options=frozenset({"eps"}),
    profiles=("f64", "f32", "f16"),
    family=Family(eps="divisor", decay="none", bias="compute", maximum="norm"),
    flushes=True,
    stepwise=True,
    provenance=Provenance(
        framework="TensorFlow",
        versions="2.21.0",
        source="tensorflow/core/kernels/training_ops.cc (ApplyAdaMax), tensorflow/compiler/tf2xla/kernels/training_ops.cc",
        evidence=Evidence.LIVE,
        measured="tensorflow_cpu 2.21.0",
        links=("https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceApplyAdaMax",),
    ),
    quirks=(
        "A NaN gradient leaves the norm finite, while the moment and the parameter become NaN for ever.",
        "The kernel has no defaults, no decay and no clipping of its own; the caller forms beta1**t.",
        "Compiled by XLA it is another formula.",
        "Subnormal numbers are zeros.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "xla": replace(
            _base,
            name="tensorflow/xla",
            title="TensorFlow's ResourceApplyAdaMax under XLA, CPU",
            update=compiled_update,
            profiles=("f64", "f32"),
        ),
        "legacy": replace(
            _base,
            name="tensorflow/legacy",
            title="tf.keras.optimizers.legacy.Adamax, CPU, eager",
            constants=legacy_constants,
            profiles=("f64", "f32"),
            provenance=replace(
                _base.provenance,
                source="tf_keras/src/optimizers/legacy/adamax.py, which calls the kernel",
                measured="tf_keras 2.21.0, tensorflow_cpu 2.21.0",
            ),
            quirks=(
                *_base.quirks,
                "An eps of 0 becomes 1e-7 without a word.",
                "A sparse gradient takes a lazy formula, on its rows only.",
            ),
        ),
    },
)
