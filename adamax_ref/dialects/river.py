"""River's ``optim.AdaMax`` on dictionaries of numbers.

Read in river/optim/ada_max.py of River 0.26.1 and run.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats, each rounded as it meets a number of the parameter's type."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr / (1 - h.beta1**t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdaMax._step_with_dict``; Python's ``max`` returns its first operand unless the second is larger."""
    m = c.beta1 * m + c.weight * g
    u = greater(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="river",
    title="River, on dictionaries of numbers",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=0.1),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    in_corpus=False,
    family=Family(eps="divisor", decay="none", bias="host", maximum="norm"),
    provenance=Provenance(
        framework="River",
        versions="0.26.1",
        source="river/optim/ada_max.py (AdaMax._step_with_dict)",
        evidence=Evidence.LIVE,
        measured="river 0.26.1",
        links=("https://riverml.xyz/latest/api/optim/AdaMax/",),
    ),
    quirks=(
        "The learning rate is 0.1 by default, fifty times the paper's.",
        "Python's max returns the decayed norm where the gradient is NaN: the norm stays finite.",
        "One counter serves all features, also one that is seen for the first time.",
        "Only the features of the gradient are visited: the state of the others does not decay.",
    ),
)
