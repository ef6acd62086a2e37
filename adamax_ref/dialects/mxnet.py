"""MXNet 2, read from the source, and MXNet 1, which had no epsilon."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats, each rounded as it meets an array."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "rate": to.work(h.lr / (1 - h.beta1**t)),
    }


def moments(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar]:
    """Both versions form moment and norm alike."""
    if c.decaying:
        g = g + c.decay * p
    return c.beta1 * m + c.weight * g, maximum(c.beta2 * u, abs(g))


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """MXNet 2."""
    m, u = moments(p, g, m, u, c)
    return p - c.rate * (m / (u + c.eps)), m, u


def early_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """MXNet 1, which adds the decay even where it is 0: 0 times an infinite parameter is NaN."""
    g = g + c.decay * p
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / u, m, u


_base = Dialect(
    name="mxnet",
    title="MXNet 2",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps", "l2"}),
    profiles=("f64", "f32"),
    family=Family(eps="divisor", decay="l2"),
    provenance=Provenance(
        framework="Apache MXNet",
        versions="2.x, since June 2020",
        source="python/mxnet/optimizer/adamax.py at b84609d3",
        evidence=Evidence.SOURCE,
    ),
    quirks=(
        "Which operand of its maximum lets a NaN through was not established; here either does.",
        "The gradient is clipped before the decay is added; rescaling and decay overwrite the caller's gradient.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "1.x": replace(
            _base,
            name="mxnet/1.x",
            title="MXNet 1, which has no epsilon",
            update=early_update,
            defaults=Hyperparameters(lr=2e-3, eps=0.0),
            options=frozenset({"l2"}),
            profiles=("f64", "f32"),
            family=Family(eps="none", decay="l2"),
            provenance=replace(
                _base.provenance,
                versions="1.9.1",
                source="python/mxnet/optimizer/optimizer.py (Adamax)",
                evidence=Evidence.LIVE,
                measured="mxnet 1.9.1",
            ),
            quirks=(
                "A zero gradient at the first step gives 0/0 = NaN.",
                "The gradient is clipped after the decay is added.",
                "In float64 its scalars travel as decimal text that is read inexactly, so that the rate, and with it the "
                "parameter, differs in the last bits at some steps; with the scalars as it reads them every bit is this recipe's.",
            ),
        ),
    },
)
