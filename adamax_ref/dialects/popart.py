"""Graphcore's PopART: corrected moment, decay inside the update; read from source, not measured.

Read in graphcore/popart at d2f20d78: willow/src/popx/op/accumulatex.cpp (``MovingAverage``,
``Infinity``), adamupdaterx.cpp and adamvarupdatex.cpp. In doubt is whether ``scaledAddTo`` of the
IPU, which does the last line, fuses its product and sum.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Floats in single precision."""
    beta1 = to.single(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.single(h.beta2),
        "eps": to.single(h.eps),
        "decay": to.single(h.weight_decay),
        "correction": 1 - beta1**t,
        "minus_lr": -to.single(h.lr),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdamUpdaterOpx::grow`` and ``AdamVarUpdateOpx::grow``."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    d = (m / c.correction) / (u + c.eps)
    if c.decaying:
        d = d + c.decay * p
    return p + c.minus_lr * d, m, u


DIALECT = Dialect(
    name="popart",
    title="PopART, for Graphcore's IPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=0.1, eps=1e-6),
    options=frozenset({"eps", "decoupled"}),
    profiles=("f32",),
    family=None,
    provenance=Provenance(
        framework="PopART",
        versions="at d2f20d78",
        source="willow/src/popx/op/adamupdaterx.cpp (AdamUpdaterOpx::grow)",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "The learning rate is 0.1 by default and epsilon 1e-6.",
        "With a loss scale that changes, moment and norm are multiplied by the ratio as well.",
        "Weight decay can be set to join the gradient instead; that is not modelled.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)
