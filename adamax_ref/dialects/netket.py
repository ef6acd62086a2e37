"""NetKet before 3.0: a floor that is stored in the norm; read from source, not measured.

Read in netket/netket: netket/optimizer/ada_max.py at 5addb456 (2.1, NumPy) and
Sources/Optimizer/ada_max.hpp at ab0e64f9 (2.0, Eigen). NetKet 3 has no Adamax of its own.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Doubles."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr / (1 - h.beta1**t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdaMax.update``; the floor is as good as a third operand of the maximum."""
    m = c.beta1 * m + c.weight * g
    u = maximum(maximum(abs(g), c.beta2 * u), c.eps)
    return p - (c.rate * m) / u, m, u


DIALECT = Dialect(
    name="netket",
    title="NetKet before 3.0",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3, eps=1e-7),
    options=frozenset({"eps"}),
    profiles=("f64",),
    family=None,
    provenance=Provenance(
        framework="NetKet",
        versions="2.1, at 5addb456",
        source="netket/optimizer/ada_max.py (AdaMax.update)",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "Epsilon, called epscut, is a floor of the norm and stays in it.",
        "NetKet 2.0 computes the same in C++, where a compiler may fuse; its std::max loses a NaN of the gradient.",
        "The parameters are stepped in place in NumPy and returned.",
    ),
)
