"""candle-optimisers (Rust); read from the source."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Doubles, each cast as it meets a tensor."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "kept": to.work(1 - h.lr * h.weight_decay),
        "lr": to.work(h.lr),
        "correction": to.work(1 - h.beta1**t),
    }


def _step(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g) + c.eps)
    return p - (m * c.lr) / (u * c.correction), m, u


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``Decay::WeightDecay``, or none."""
    return _step(p, g + c.decay * p if c.decaying else g, m, u, c)


def decoupled_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``Decay::DecoupledWeightDecay``: the parameter shrinks first."""
    return _step(p * c.kept if c.decaying else p, g, m, u, c)


_base = Dialect(
    name="candle",
    title="candle-optimisers (Rust)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1.0),
    options=frozenset({"eps", "l2"}),
    profiles=("f64", "f32"),
    provenance=Provenance(
        framework="candle-optimisers", versions="0.6.0", source="src/adamax.rs at f2a323b", evidence=Evidence.SOURCE
    ),
    quirks=(
        "The default learning rate is 1.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
        "The factor of the decoupled decay is a fused multiply-add in double there, a product and a difference here.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "decoupled": replace(
            _base,
            name="candle/decoupled",
            title="candle-optimisers (Rust), DecoupledWeightDecay",
            update=decoupled_update,
            options=frozenset({"eps", "decoupled"}),
            family=Family(decay="decoupled"),
        ),
    },
)
