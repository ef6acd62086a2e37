"""Keras 3's ``keras.optimizers.Adamax``: one text, and a bit pattern for each backend and compiler."""

from collections.abc import Callable
from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance, usual_conditions
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, greater, maximum
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, Number, Rounding, Scalar


def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
    """In 16 bits XLA fuses nothing, and what torch's vector loop leaves over has its product rounded first."""
    narrow = to.storage is not to.working
    return {**usual_conditions(h, to), "fusing": not narrow, "apart": narrow and to.place == "tail"}


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Form the scalars: the learning rate is a float32 variable, the power is taken in the type of the parameter."""
    lr = to.store(to.work(to.single(h.lr)))
    decay = to.store(to.work(h.weight_decay))
    return {
        "beta1": to.store(to.work(h.beta1)),
        "weight": to.store(to.work(1 - h.beta1)),
        "beta2": to.store(to.work(h.beta2)),
        "eps": to.store(to.work(h.eps)),
        "lr": lr,
        "decay": decay,
        "decay_lr": to.store(decay * lr),
        "kept": to.work(1 - to.single(h.weight_decay) * to.single(h.lr)),
        "correction": to.store(1 - to.store(to.store(to.work(h.beta1)) ** t)),
    }


def tensorflow_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Let beta1 in the power, and the decay, pass through float32, as TensorFlow does with a Python float before a cast."""
    made = constants(h, t, to)
    decay = to.store(to.work(to.single(h.weight_decay)))
    beta1 = to.store(to.work(to.single(h.beta1)))
    correction = to.store(1 - to.store(beta1**t))
    return {**made, "decay": decay, "decay_lr": to.store(decay * made["lr"]), "correction": correction}


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``_apply_weight_decay``, then ``update_step``, as they are written."""
    if c.decaying:
        p = p - (p * c.decay) * c.lr
    m = m + (g - m) * c.weight
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.lr * m) / (c.correction * (u + c.eps)), m, u


def _compiled(larger: Callable[[Scalar, Scalar], Scalar]) -> Callable[..., tuple[Scalar, Scalar, Scalar]]:
    """Return what XLA makes of it: one product for the decay, and fused multiply-adds in 32 and 64 bits."""

    def compiled_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
        if c.decaying:
            p = fma(-p, c.decay_lr, p) if c.fusing else p - p * c.decay_lr
        m = fma(g - m, c.weight, m) if c.fusing else m + (g - m) * c.weight
        u = larger(c.beta2 * u, abs(g))
        return p - (c.lr * m) / (c.correction * (u + c.eps)), m, u

    return compiled_update


def torch_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Follow the torch backend, which has its own text, on lists of tensors (``_foreach_*``)."""
    if c.decaying:
        p = p * c.kept
    m = m * c.beta1 + g * c.weight if c.apart else fma(g, c.weight, m * c.beta1)
    u = maximum(u * c.beta2, abs(g))
    return p - (m * c.lr) / ((u + c.eps) * c.correction), m, u


def early_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Form everything in the type of the parameter."""
    beta1 = to.work(h.beta1)
    return {**constants(h, t, to), "weight": 1 - beta1, "rate": to.work(h.lr) / (1 - beta1**t)}


def early_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Follow the multi-backend text of Keras 1 and 2."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


_TITLE = "Keras 3 on TensorFlow, CPU, eager or in a graph"

_base = Dialect(
    name="keras",
    title=_TITLE,
    update=update,
    constants=tensorflow_constants,
    conditions=conditions,
    defaults=Hyperparameters(lr=1e-3, eps=1e-7),
    options=frozenset({"eps", "decoupled"}),
    profiles=("f64", "f32", "f16", "bf16"),
    family=Family(eps="divisor", decay="decoupled", bias="compute"),
    flushes=True,
    stepwise=True,
    provenance=Provenance(
        framework="Keras",
        versions="3.15.1",
        source="keras/src/optimizers/adamax.py, base_optimizer.py; keras/src/backend/torch/optimizers/torch_adamax.py",
        evidence=Evidence.LIVE,
        measured="keras 3.15.1, tensorflow_cpu 2.21.0",
        links=("https://keras.io/api/optimizers/adamax/",),
    ),
    quirks=(
        "Epsilon is added to the divisor and is 1e-7 by default.",
        "The learning rate is a float32 variable, for float64 parameters too.",
        "On TensorFlow beta1 and the weight decay pass through float32 before they meet float64 parameters.",
        "weight_decay=0.0 runs the decay, None skips it; both leave the parameter as it is.",
        "Subnormal numbers are zeros with the TensorFlow and JAX backends, and kept with torch.",
        "In bfloat16 beta2 = 0.999 rounds to 1: the norm never decays.",
        "In float16 the default eps times 1-beta1 rounds to 0: a zero gradient at the first step gives 0/0 = NaN.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "tensorflow-xla": replace(
            _base,
            name="keras/tensorflow-xla",
            title="Keras 3 on TensorFlow, CPU, jit_compile=True",
            update=_compiled(greater),
            family=Family(eps="divisor", decay="decoupled", bias="compute", maximum="norm"),
        ),
        "jax": replace(
            _base,
            name="keras/jax",
            title="Keras 3 on JAX, CPU, op by op",
            constants=constants,
            provenance=replace(_base.provenance, measured="keras 3.15.1, jax 0.10.2"),
        ),
        "jax-jit": replace(
            _base,
            name="keras/jax-jit",
            title="Keras 3 on JAX, CPU, jit",
            constants=constants,
            update=_compiled(maximum),
            provenance=replace(_base.provenance, measured="keras 3.15.1, jax 0.10.2"),
        ),
        "torch": replace(
            _base,
            name="keras/torch",
            title="Keras 3 on torch, CPU",
            constants=constants,
            update=torch_update,
            flushes=False,
            vector=32,
            provenance=replace(_base.provenance, measured="keras 3.15.1, torch 2.13.0"),
        ),
        "tf-keras": replace(
            _base,
            name="keras/tf-keras",
            title="tf_keras (Keras 2.11 and later) on TensorFlow, CPU, eager",
            profiles=("f64", "f32"),
            provenance=replace(
                _base.provenance,
                versions="2.11 and later",
                source="tf_keras/src/optimizers/adamax.py, optimizer.py",
                measured="tf_keras 2.21.0, tensorflow_cpu 2.21.0",
            ),
        ),
        "early": replace(
            _base,
            name="keras/early",
            title="Keras 1.0 to 2.3, as written",
            update=early_update,
            constants=early_constants,
            defaults=Hyperparameters(lr=2e-3, eps=1e-7),
            options=frozenset({"eps"}),
            profiles=("f64", "f32"),
            family=Family(eps="divisor", decay="none", bias="compute"),
            flushes=False,
            provenance=replace(
                _base.provenance,
                versions="1.0.0 to 2.3.1",
                source="keras/optimizers.py (Adamax)",
                evidence=Evidence.SOURCE,
                measured="",
            ),
            quirks=(
                "Epsilon was 1e-8 up to 2.1.2; from 1.2 on there is a learning rate decay, lr/(1 + decay*(t-1)).",
                "What Theano, TensorFlow 1 or CNTK made of the text was not established; here it is taken literally.",
            ),
        ),
    },
)
