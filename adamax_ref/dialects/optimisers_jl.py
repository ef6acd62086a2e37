"""Julia's Optimisers.jl; read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Everything is converted to the element type first; the power is kept in the state and multiplied after use."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr) / (1 - to.product(beta1, t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``apply!(o::AdaMax, ...)``; Julia does not contract."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="optimisers-jl",
    title="Optimisers.jl, Julia",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    family=Family(eps="divisor", decay="none", bias="product"),
    provenance=Provenance(
        framework="Optimisers.jl", versions="0.4.8", source="src/rules.jl (AdaMax) at b3595f5", evidence=Evidence.SOURCE
    ),
    quirks=("A step without a gradient leaves the product of beta1 alone too.", "Complex parameters are refused."),
)
