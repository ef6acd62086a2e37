"""Lasagne (Theano); read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Everything in floatX; one step number for all parameters."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr) / (1 - beta1**t),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``lasagne.updates.adamax``, as written; what Theano's optimizer makes of it was not established."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="lasagne",
    title="Lasagne (Theano)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    family=Family(eps="divisor", decay="none", bias="compute"),
    provenance=Provenance(
        framework="Lasagne", versions="at 5d3c63c", source="lasagne/updates.py (adamax)", evidence=Evidence.SOURCE
    ),
    quirks=(
        "Whether 1-beta1 is formed in double or in floatX was not established; here in floatX.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)
