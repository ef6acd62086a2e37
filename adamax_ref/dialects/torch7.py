"""Lua Torch, and BigDL which took it over; read from the source."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Lua numbers are doubles."""
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "minus_rate": to.work(-(h.lr / (1 - h.beta1**t))),
    }


def moments(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar]:
    """``mul``, ``add``, and a maximum over a concatenation."""
    if c.decaying:
        g = g + c.decay * p
    return m * c.beta1 + c.weight * g, maximum(u * c.beta2, abs(g) + c.eps)


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``addcdiv`` multiplies first."""
    m, u = moments(p, g, m, u, c)
    return p + (c.minus_rate * m) / u, m, u


def bigdl_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Divide first."""
    m, u = moments(p, g, m, u, c)
    return p + (m / u) * c.minus_rate, m, u


_base = Dialect(
    name="torch7",
    title="Torch 7 (Lua)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3, eps=1e-38),
    options=frozenset({"eps", "l2"}),
    profiles=("f64", "f32"),
    provenance=Provenance(framework="torch7", versions="optim at a5ceed7", source="adamax.lua", evidence=Evidence.SOURCE),
    quirks=(
        "Epsilon is 1e-38, a subnormal number in single precision: where those are flushed, 0/0 is possible.",
        "Weight decay overwrites the gradient.",
        "Whether its C kernels fuse a multiply-add depends on how they were compiled; here they do not.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "bigdl": replace(
            _base,
            name="torch7/bigdl",
            title="BigDL's Adamax",
            update=bigdl_update,
            options=frozenset({"eps"}),
            family=Family(decay="none"),
            provenance=Provenance(
                "BigDL", "version not recorded; no longer in the current source", "optim/Adamax.scala", Evidence.SOURCE
            ),
            quirks=("Clearing the history drops moment and norm and keeps the counter.", *_base.quirks[2:]),
        ),
    },
)
