"""MXNet.jl, the Julia package of MXNet; read from source, not measured.

Read in apache/mxnet: julia/src/optimizers/adamax.jl at 06e1d366 (``update!``). In doubt is
whether a scalar of Float64 meets an array of Float32 as such or rounded; here rounded.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Numbers of Float64, rounded as they meet an array; the power is a running product."""
    power = to.product(to.double(h.beta1), t)
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "minus_rate": to.work(-to.double(h.lr) / (1 - power)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``normgrad!`` and ``update!``."""
    if c.decaying:
        g = g + c.decay * p
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p + (c.minus_rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="mxnet-jl",
    title="MXNet.jl (Julia)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3, weight_decay=1e-5),
    options=frozenset({"eps", "l2"}),
    profiles=("f32",),
    family=Family(eps="divisor", decay="l2", bias="product"),
    provenance=Provenance(
        framework="MXNet.jl",
        versions="at 06e1d366",
        source="julia/src/optimizers/adamax.jl (update!)",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "The weight decay is 1e-5 by default.",
        "It has an epsilon, which MXNet 1 in Python has not.",
        "The gradient is scaled, then clipped, then decayed.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)
