"""TorchOpt's functional ``adamax`` on torch tensors."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats, each rounded as it meets a tensor."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "minus_lr": to.work(-h.lr),
        "correction": to.work(1 - h.beta1**t),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``scale_by_adamax``, then ``scale_by_neg_lr`` and ``apply_updates``."""
    if c.decaying:
        g = fma(p, c.decay, g)
    m = fma(g, c.weight, m * c.beta1)
    u = maximum(u * c.beta2, abs(g) + c.eps)
    return p + c.minus_lr * ((m / u) / c.correction), m, u


DIALECT = Dialect(
    name="torchopt",
    title="TorchOpt, torch CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3, eps=1e-6),
    options=frozenset({"eps", "l2"}),
    profiles=("f64", "f32"),
    family=Family(eps="max", decay="l2", bias="host"),
    provenance=Provenance(
        framework="TorchOpt",
        versions="0.7.3",
        source="torchopt/transform/scale_by_adamax.py, torchopt/alias/adamax.py",
        evidence=Evidence.LIVE,
        measured="torchopt 0.7.3, torch 2.13.0",
        links=("https://torchopt.readthedocs.io/en/latest/api/api.html",),
    ),
    quirks=(
        "The function adamax has lr 1e-3 and eps 1e-6 by default, the class Adamax 2e-3 and 1e-8.",
        "Weight decay overwrites the gradient where it works in place.",
        "A beta of exactly 1 passes the first check and fails the second.",
    ),
)
