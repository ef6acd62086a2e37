"""Adamax as its authors wrote it: no epsilon, no decay, two products for the moment."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum, store
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Everything is formed by the reader's own double arithmetic and rounded once."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "rate": to.work(h.lr / (1 - h.beta1**t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Algorithm 2, line by line; a 16-bit store happens once, at the end."""
    m = (c.beta1 * m) + (c.weight * g)
    u = maximum(c.beta2 * u, abs(g))
    p = p - (c.rate * m) / u
    return store(p), store(m), store(u)


DIALECT = Dialect(
    name="paper",
    title="Kingma & Ba 2015, Algorithm 2",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3, eps=0.0),
    options=frozenset(),
    family=Family(eps="none", decay="none"),
    provenance=Provenance(
        framework="none",
        versions="arXiv:1412.6980v9",
        source="section 7.1, Algorithm 2; the order of roundings is the one in which the formulas are written",
        evidence=Evidence.PAPER,
        links=("https://arxiv.org/abs/1412.6980",),
    ),
    quirks=(
        "With a zero gradient at the first step u is 0 and the update is 0/0: the parameter becomes NaN.",
        "The step length is at most lr only while the gradients behave: after a long quiet spell one large gradient "
        "makes |m|/u as large as (1-beta1)/(1-beta1**t) allows, and a shrinking norm lets an old moment exceed it.",
    ),
)
