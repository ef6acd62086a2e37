"""Microsoft's MT-DNN: epsilon twice, decay inside the update; read from source, not measured.

Read in namisan/mt-dnn: module/bert_optim.py at 55dfb39a (``Adamax``), and mt_dnn/optim.py at
3228e7c2 (``AdamaxW``), which took its place. In doubt is whether the torch of the time fused the
sum of the moment; torch before 2.1 does.
"""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats on torch tensors; what is not corrected does not depend on the step."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "kept": to.work(1 - h.lr * h.weight_decay),
        "lr": to.work(h.lr),
        "minus_rate": to.work(-(h.lr / (1 - h.beta1**t))),
    }


def moments(g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar]:
    """``mul_`` and ``add_``; ``torch.max`` over a concatenation."""
    return fma(g, c.weight, m * c.beta1), maximum(u * c.beta2, abs(g) + c.eps)


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``Adamax.step``: no bias correction."""
    m, u = moments(g, m, u, c)
    d = m / (u + c.eps)
    if c.decaying:
        d = d + c.decay * p
    return p - c.lr * d, m, u


def decoupled_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdamaxW.step``: the parameter shrinks first, and PyTorch's Adamax follows."""
    if c.decaying:
        p = p * c.kept
    m, u = moments(g, m, u, c)
    return p + (c.minus_rate * m) / u, m, u


_base = Dialect(
    name="mt-dnn",
    title="MT-DNN's Adamax, on torch for the CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3, eps=1e-6, weight_decay=0.01),
    options=frozenset({"eps", "decoupled"}),
    profiles=("f32",),
    family=None,
    provenance=Provenance(
        framework="MT-DNN",
        versions="2019, at 55dfb39a",
        source="module/bert_optim.py (Adamax)",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "Epsilon is added twice: beside |g| in the maximum, and to the norm that divides.",
        "There is no bias correction.",
        "The gradient of each parameter is clipped to a norm of 1 by itself, before the step.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "adamaxw": replace(
            _base,
            name="mt-dnn/adamaxw",
            title="MT-DNN's AdamaxW, on torch for the CPU",
            update=decoupled_update,
            defaults=Hyperparameters(lr=1e-3, weight_decay=1e-2),
            family=Family(decay="decoupled"),
            provenance=replace(
                _base.provenance,
                versions="at 3228e7c2",
                source="mt_dnn/optim.py (AdamaxW)",
            ),
            quirks=(
                "The weight decay is 0.01 by default.",
                "Its option amsgrad does nothing.",
            ),
        )
    },
)
