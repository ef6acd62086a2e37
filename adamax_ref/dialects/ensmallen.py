"""ensmallen (C++, mlpack); read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Everything in the element type."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr) / (1 - beta1**t),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdaMaxUpdate::Policy::Update``."""
    m = m * c.beta1 + c.weight * g
    u = maximum(u * c.beta2, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="ensmallen",
    title="ensmallen (C++)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    family=Family(eps="divisor", decay="none", bias="compute"),
    provenance=Provenance(
        framework="ensmallen",
        versions="3.11.1",
        source="include/ensmallen_bits/adam/adamax_update.hpp at f65354c",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "The parameters, which are all that its Python binding pyensmallen 0.4.5 shows, were compared in float64: no bit differs.",
        "In float32 nothing was run; whether a compiler fuses its multiply-adds there was not established, here none is fused.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
        "The step number may start anew at each call of Optimize, while the state stays.",
    ),
)
