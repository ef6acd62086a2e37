"""The author's own AdaMax, in openai/iaf at ad33fe48; read from source, not measured.

The program of the paper "Improved variational inference with inverse autoregressive flow" has it
twice: in Theano (graphy/misc/optim.py, function ``AdaMax``) and in TensorFlow
(tf_utils/adamax.py). In doubt is what Theano's and TensorFlow's graph optimizers make of it.
"""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats; the arguments are what the betas leave, 0.1 and 0.001."""
    share1, share2 = 1 - h.beta1, 1 - h.beta2
    return {
        "beta1": to.work(1 - share1),
        "weight": to.work(share1),
        "beta2": to.work(1 - share2),
        "eps": to.work(h.eps),
        "lr": to.work(h.lr),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdaMax`` of graphy, which climbs: a loss is handed to it negated."""
    if not c.maximize:
        g = -g
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g) + c.eps)
    return p + (c.lr * m) / u, m, u


def tensorflow_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Tensors of the variable's type; ``1. - beta1`` is formed there."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "lr": to.work(h.lr),
    }


def tensorflow_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdamaxOptimizer._apply_dense``: epsilon joins the norm, as in Paddle."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u + c.eps, abs(g))
    return p - c.lr * (m / u), m, u


_base = Dialect(
    name="iaf",
    title="The author's own, openai/iaf in Theano",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps", "maximize"}),
    profiles=("f32",),
    family=None,
    provenance=Provenance(
        framework="openai/iaf",
        versions="at ad33fe48",
        source="graphy/misc/optim.py (AdaMax)",
        evidence=Evidence.SOURCE,
        links=("https://arxiv.org/abs/1606.04934",),
    ),
    quirks=(
        "It climbs: a loss is handed to it negated, and so the moment is that of the negated gradient.",
        "There is no bias correction, although the paper has one.",
        "Its arguments are 1-beta1 = 0.1 and 1-beta2 = 0.001, under the names beta1 and beta2.",
        "Epsilon is 1e-8 and no argument; AdaMaxAvg starts the norm at 1e-8 instead of 0.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "tensorflow": replace(
            _base,
            name="iaf/tensorflow",
            title="openai/iaf in TensorFlow",
            update=tensorflow_update,
            constants=tensorflow_constants,
            options=frozenset({"eps"}),
            defaults=Hyperparameters(lr=1e-3),
            family=Family(eps="norm", decay="none", bias="none"),
            flushes=True,
            provenance=replace(_base.provenance, source="tf_utils/adamax.py (AdamaxOptimizer._apply_dense)"),
            quirks=(
                "There is no bias correction.",
                "Its slots have the names of Adam's the other way round: v is the moment, m the norm.",
                "In float16 epsilon is 1e-7; that type is not modelled.",
                "Which operand of its maximum lets a NaN through was not established; here either does.",
            ),
        )
    },
)
