"""Julia's Flux before it took over Optimisers.jl; read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Double numbers; the power is a running product in double."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(to.double(h.lr) / (1 - to.product(to.double(h.beta1), t))),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``apply!(o::AdaMax, x, g)`` and ``x .-= g``."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="flux",
    title="Flux's legacy AdaMax, Julia, on double arrays",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64",),
    family=Family(eps="divisor", decay="none", bias="product"),
    provenance=Provenance(
        framework="Flux",
        versions="legacy optimisers",
        source="src/optimise/optimisers.jl (AdaMax) at 3f2f828b",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "Single-precision arrays are computed in double, line by line, and rounded as each line is stored; that is not modelled.",
        "The gradient array is overwritten with the update.",
    ),
)
