"""fairseq's own Adamax; read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats on torch tensors."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "minus_decay": to.work(-(h.weight_decay * h.lr)),
        "minus_rate": to.work(-(h.lr / (1 - h.beta1**t))),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``mul_``, ``add_(alpha)``, ``torch.max``; the decay comes between moments and step."""
    m = fma(g, c.weight, m * c.beta1)
    u = maximum(u * c.beta2, abs(g))
    if c.decaying:
        p = fma(p, c.minus_decay, p)
    return p + (c.minus_rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="fairseq",
    title="fairseq, on torch for the CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps", "decoupled"}),
    profiles=("f32",),
    family=Family(eps="divisor", decay="decoupled"),
    provenance=Provenance(framework="fairseq", versions="at 3d262bb2", source="fairseq/optim/adamax.py", evidence=Evidence.SOURCE),
    quirks=(
        "For float32 parameters the gradient is overwritten with its absolute value.",
        "A flag switches the bias correction off; half-precision parameters are stepped in float32.",
    ),
)
