"""Swift for TensorFlow; read from source, not measured.

Read in tensorflow/swift-apis at f51ee461: Sources/TensorFlow/Optimizers/MomentumBased.swift
(``AdaMax.update``). In doubt is whether ``move(along:)`` on a device of XLA is fused.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Hyperparameters and powers are of Float."""
    beta1 = to.single(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.single(h.beta2),
        "eps": to.single(h.eps),
        "minus_rate": -(to.single(h.lr) / (1 - beta1**t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdaMax.update(_:along:)``."""
    m = m * c.beta1 + g * c.weight
    u = maximum(c.beta2 * u, abs(g))
    return p + (m / (u + c.eps)) * c.minus_rate, m, u


DIALECT = Dialect(
    name="swift-apis",
    title="Swift for TensorFlow",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps"}),
    profiles=("f32",),
    family=Family(eps="divisor", decay="none", bias="compute"),
    provenance=Provenance(
        framework="Swift for TensorFlow",
        versions="0.13, at f51ee461",
        source="Sources/TensorFlow/Optimizers/MomentumBased.swift (AdaMax.update)",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "Its option decay lowers the learning rate, lr/(1 + decay*t); there is no weight decay.",
        "In 2019 the rate had Adam's root of 1-beta2**t and was corrected twice, and tensors of "
        "Double took 1-beta2 for 1-beta1; that is not modelled.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)
