"""MindSpore's two Adamaxes."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Everything in float32; the power is one running product for all parameters."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "rate": to.work(h.lr) / (1 - to.product(beta1, t)),
    }


def experimental_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Form the correction from a power."""
    beta1 = to.work(h.beta1)
    return {**constants(h, t, to), "rate": to.work(h.lr) / (1 - beta1**t)}


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``ApplyAdaMax``."""
    if c.decaying:
        g = g + c.decay * p
    m = c.beta1 * m + c.weight * g
    u = greater(c.beta2 * u, abs(g))
    return p - c.rate * (m / (u + c.eps)), m, u


def experimental_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``mindspore.experimental.optim.Adamax``."""
    if c.maximize:
        g = -g
    if c.decaying:
        g = g + c.decay * p
    m = m * c.beta1 + g * c.weight
    u = greater(u * c.beta2, abs(g) + c.eps)
    return p - (c.rate * m) / u, m, u


_base = Dialect(
    name="mindspore",
    title="MindSpore's nn.AdaMax, CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps", "l2"}),
    profiles=("f32",),
    family=Family(eps="divisor", decay="l2", bias="product", maximum="norm"),
    provenance=Provenance(
        framework="MindSpore",
        versions="2.10.0",
        source="mindspore/nn/optim/adamax.py at 05ec7926",
        evidence=Evidence.LIVE,
        measured="mindspore 2.10.0",
    ),
    quirks=(
        "A NaN gradient leaves the norm finite.",
        "The betas must lie in the open interval (0, 1) and epsilon above 0.",
        "Ungrouped parameters whose names contain beta or gamma are not decayed.",
        "The first call of an optimizer computes with subnormal numbers flushed to zero; the later ones, as here, keep them.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "experimental": replace(
            _base,
            name="mindspore/experimental",
            title="MindSpore's experimental.optim.Adamax, CPU",
            update=experimental_update,
            constants=experimental_constants,
            defaults=Hyperparameters(lr=2e-3),
            options=frozenset({"eps", "l2", "maximize"}),
            family=Family(bias="compute", maximum="norm"),
            provenance=replace(_base.provenance, source="mindspore/experimental/optim/adamax.py at 602d0b40"),
            quirks=(
                "A NaN gradient leaves the norm finite.",
                "NaN divided by 0 is minus infinity in MindSpore, so that a NaN gradient at the first step makes the parameter "
                "infinite where the norm is 0; here it becomes NaN.",
                "Calls 1 and 6 to 15 of an optimizer compute with subnormal numbers flushed to zero, while MindSpore tries its "
                "threads; the later ones, as here, keep them, unless MindSpore finds the threads that flush to be faster.",
            ),
        ),
    },
)
