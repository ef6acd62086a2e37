"""CNTK's ``adam(adamax=True)``: the inverse of the norm first; read from source, not measured.

Read in microsoft/CNTK: ``CPUMatrix<ElemType>::Adam`` of Source/Math/CPUMatrixImpl.h at bc88c7e3. In
doubt is the factor that corrects the bias, which ``Matrix<ElemType>::AdamUpdate`` passes: the
revision that could be read has no Adamax yet; here it is the paper's. So is whether a compiler
fuses.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


class Inverting(Constants, Protocol):
    """Constants and the number one, which is divided."""

    one: Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Scalars are formed in double; with unit gain the gradient has the weight that the moment leaves."""
    return {
        "one": to.work(Fraction(1)),
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "inverse": to.work(1 / (1 - h.beta1**t)),
        "lr": to.work(h.lr),
    }


def _norm(g: Scalar, u: Scalar, c: Inverting) -> tuple[Scalar, Scalar]:
    """Return the norm and what the moment is multiplied by; the quotient in double rounds but once."""
    u = greater(c.beta2 * u, abs(g))
    return u, c.inverse * (c.one / (u + c.eps))


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Inverting) -> tuple[Scalar, Scalar, Scalar]:
    """``CPUMatrix::Adam`` with unit gain."""
    u, w = _norm(g, u, c)
    m = c.beta1 * m + c.weight * g
    return p - (m * w) * c.lr, m, u


def whole_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Inverting) -> tuple[Scalar, Scalar, Scalar]:
    """``CPUMatrix::Adam`` without unit gain: the whole gradient joins the moment."""
    u, w = _norm(g, u, c)
    m = c.beta1 * m + g
    return p - (m * w) * c.lr, m, u


_base = Dialect(
    name="cntk",
    title="CNTK, unit gain",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    family=None,
    provenance=Provenance(
        framework="CNTK",
        versions="2.x, at bc88c7e3",
        source="Source/Math/CPUMatrixImpl.h (CPUMatrix::Adam)",
        evidence=Evidence.SOURCE,
        links=("https://learn.microsoft.com/en-us/python/api/cntk/cntk.learners?view=cntk-py-2.7",),
    ),
    quirks=(
        "The norm is inverted before it is multiplied: a norm near overflow gives a zero step.",
        "Learning rate and momenta have no defaults but schedules; the norm's is a number for each sample.",
        "A NaN of the gradient leaves the norm finite.",
        "Unit gain is a default that a global switch changes.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "whole-gain": replace(
            _base,
            name="cntk/whole-gain",
            title="CNTK, without unit gain",
            update=whole_update,
            quirks=(
                "The gradient joins the moment whole, so that the moment and the steps are 1/(1-beta1) times as large.",
                *_base.quirks[:3],
            ),
        )
    },
)
