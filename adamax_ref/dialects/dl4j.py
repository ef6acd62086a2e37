"""Deeplearning4j: a tiny number joins the norm, epsilon replaces a step size that is unusable; read from the source."""

import math
from fractions import Fraction

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Take the power in the type of the array, divide by the correction in double."""
    beta1 = to.work(h.beta1)
    rate = to.work(to.double(h.lr) / (1 - to.double(beta1**t)))
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "tiny": to.work(_TINY),
        "rate": rate if 0 < abs(float(rate)) < math.inf else to.work(h.eps),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``adaMaxUpdater_`` and the subtraction that follows."""
    m = c.beta1 * m + g * c.weight
    u = maximum(c.beta2 * u, abs(g)) + c.tiny
    return p - (m * c.rate) / u, m, u


_TINY = Fraction(1, 10**32)


DIALECT = Dialect(
    name="dl4j",
    title="Deeplearning4j, ND4J",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    family=None,
    provenance=Provenance(
        framework="Deeplearning4j",
        versions="libnd4j at 14488da1",
        source="libnd4j/include/ops/declarable/helpers/cpu/updaterAdaMax.cpp",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "Epsilon takes the place of a step size that is 0, NaN or infinite: lr=0 still moves the parameters.",
        "1e-32 is added to the norm at every step, in double before the norm is stored; here in the type of the array, "
        "which differs for norms below about 1e-24 only.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
        "The gradient array becomes the update.",
    ),
)
