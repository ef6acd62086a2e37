"""Rubix ML (PHP): a floor under the divisor, no bias correction; read from source, not measured.

Read in RubixML/ML at 85e5e9a7: src/NeuralNet/Optimizers/AdaMax.php (``step``) and
src/constants.php. PHP computes in double; Tensor's C extension was not read.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Doubles; the arguments are what the betas leave, 0.1 and 0.001."""
    return {
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(1 - (1 - h.beta2)),
        "eps": to.work(h.eps),
        "lr": to.work(h.lr),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdaMax::step``; PHP's ``max`` returns its first operand unless the second is larger."""
    m = m + (g - m) * c.weight
    u = greater(u * c.beta2, abs(g))
    return p - (m / greater(u, c.eps)) * c.lr, m, u


DIALECT = Dialect(
    name="rubix",
    title="Rubix ML (PHP)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64",),
    family=None,
    provenance=Provenance(
        framework="Rubix ML",
        versions="at 85e5e9a7",
        source="src/NeuralNet/Optimizers/AdaMax.php (step)",
        evidence=Evidence.SOURCE,
        links=("https://docs.rubixml.com/latest/neural-network/optimizers/adamax.html",),
    ),
    quirks=(
        "Epsilon is a floor under the divisor and leaves the norm alone; it is no argument.",
        "There is no bias correction: the first step is (1-beta1)*lr long instead of lr.",
        "Its arguments are 1-beta1 = 0.1 and 1-beta2 = 0.001.",
        "What its clipping makes of a NaN was not established; here it stays.",
    ),
)
