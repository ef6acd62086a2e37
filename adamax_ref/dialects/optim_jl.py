"""Julia's Optim.jl: epsilon as a floor, and a moment that starts at the first gradient; read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Double numbers."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr / (1 - h.beta1**t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``update_state!(d, state::AdaMaxState, method)``; the floor is as good as a second maximum."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.eps, maximum(c.beta2 * u, abs(g)))
    return p - (c.rate * m) / u, m, u


DIALECT = Dialect(
    name="optim-jl",
    title="Optim.jl, Julia",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3, eps=2.0**-26),
    options=frozenset({"eps"}),
    profiles=("f64",),
    family=None,
    provenance=Provenance(
        framework="Optim.jl",
        versions="at 146b2070",
        source="src/multivariate/solvers/first_order/adamax.jl",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "The moment starts at the gradient of the starting point instead of 0 and is corrected all the same: put that "
        "gradient into the state to follow it; the first step is lr/(1-beta1) long.",
        "The default epsilon is the square root of the machine epsilon; its documentation says 1e-8.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)
