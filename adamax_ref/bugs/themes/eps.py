"""Bugs of epsilon: in another place, left out, squared, piling up, or rounded away."""

import math

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.bugs.where import corrects, has_eps, only, where
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.profile import BINARY16


def _place(given: Given) -> str:
    family = given.parts.dialect.family
    return family.eps if family is not None else ""


def _parts(given: Given) -> tuple[float, float]:
    """Return the decayed norm and the size of the gradient, both without epsilon."""
    bare = given.under(eps=0.0)
    return bare.but(g=0.0).under(weight_decay=0.0).norm, bare.but(u=0.0).norm


def _moved(given: Given) -> Three:
    """Put epsilon into the divisor where it belongs into the maximum, and the reverse."""
    bare, m = given.under(eps=0.0), given.moment
    if _place(given) != "divisor":
        u = bare.norm
        return bare.parts.update(given.p, m, u + given.h.eps, bare.h, given.t), m, u
    decayed, size = _parts(given)
    return bare.finish(m, max(decayed, size + given.h.eps))


def _third(given: Given) -> Three:
    """Put epsilon beside the decayed norm, or beside the gradient where the dialect has it there."""
    decayed, size = _parts(given)
    beside_norm = _place(given) != "norm"
    u = maximum(decayed + given.h.eps, size) if beside_norm else maximum(decayed, size + given.h.eps)
    return given.under(eps=0.0).finish(given.moment, u)


def _twice(given: Given) -> Three:
    """Add epsilon to the divisor and inside the maximum."""
    if _place(given) != "divisor":
        m, u = given.moment, given.norm
        return given.parts.update(given.p, m, u + given.h.eps, given.h, given.t), m, u
    decayed, size = _parts(given)
    return given.finish(u=maximum(decayed, size + given.h.eps))


def _floor(given: Given) -> Three:
    """Keep the divisor from falling below epsilon instead of adding it."""
    bare, m = given.under(eps=0.0), given.moment
    u = bare.norm
    held = maximum(u, float(given.h.eps))
    return bare.parts.update(given.p, m, held, bare.h, given.t), m, u if _place(given) == "divisor" else held


def _within(given: Given) -> Three:
    decayed, _ = _parts(given)
    return given.under(eps=0.0).finish(given.moment, maximum(decayed, abs(given.gradient + given.h.eps)))


def _piling_up(given: Given) -> Three:
    bare = given.under(eps=0.0)
    return bare.finish(u=bare.norm + given.h.eps)


BUGS = (
    Bug(
        "B21",
        "epsilon in the other place",
        "Small gradients give steps of another length; a loaded state means something else.",
        "max(beta2 * u, |g|) + eps against max(beta2 * u, |g| + eps)",
        "eps",
        by(_moved),
        has_eps,
    ),
    Bug(
        "B22",
        "epsilon left out",
        "A zero gradient at the first step gives NaN.",
        "the division has no epsilon",
        "zero",
        by(lambda given: given.under(eps=0.0).right()),
        has_eps,
        source="mlpack/mlpack pull request 887, tensorflow/tfjs-core pull request 280 (both Adamax)",
    ),
    Bug(
        "B23",
        "epsilon added after the maximum and stored",
        "The norm grows by epsilon at every step.",
        "u = max(beta2 * u, |g|) + eps",
        "eps",
        by(_piling_up),
        has_eps,
    ),
    Bug(
        "B24",
        "epsilon squared",
        "Small gradients divide by too little.",
        "eps * eps, as in implementations that keep squares",
        "eps",
        by(lambda given: given.under(eps=given.h.eps * given.h.eps).right()),
        has_eps,
    ),
    Bug(
        "B26",
        "epsilon kept in binary16",
        "1e-8 becomes 0, and a zero gradient gives NaN.",
        "epsilon is a tensor of the parameter's type",
        "zero",
        by(lambda given: given.under(eps=BINARY16.round(given.h.eps)).right()),
        has_eps & only("f64 f32 bf16", "epsilon is a binary16 number there already"),
        source="google-deepmind/optax issue 1754 and pull request 1768 (Adamax)",
    ),
    Bug(
        "B73",
        "epsilon both inside the maximum and in the divisor",
        "Small gradients divide by twice the epsilon.",
        "an epsilon in each of two lines",
        "eps",
        by(_twice),
        has_eps,
    ),
    Bug(
        "B74",
        "epsilon is a floor and not a term",
        "Gradients of the size of epsilon get steps twice as long.",
        "max(u, eps) where u + eps belongs",
        "eps",
        by(_floor),
        has_eps,
    ),
    Bug(
        "B75",
        "epsilon added before the absolute value",
        "Small negative gradients divide by almost nothing.",
        "abs(g + eps)",
        "eps",
        by(_within),
        has_eps
        & where(lambda dialect, _: dialect.family is None or dialect.family.eps == "max", "epsilon is not beside |g| there"),
    ),
    Bug(
        "B76",
        "the given epsilon is ignored",
        "1e-8 is at work, whatever was asked for.",
        "the option never reaches the step",
        "eps",
        by(lambda given: given.under(eps=1e-8).right()),
        has_eps & only("f64 f32 bf16 c64 c128", "1e-8 is 0 in binary16, so epsilon is left out (B22)"),
    ),
    Bug(
        "B77",
        "epsilon beside the decayed norm, or beside |g| where it belongs to the norm",
        "A norm that rests never falls below eps / (1 - beta2).",
        "max(beta2 * u + eps, |g|) against max(beta2 * u, |g| + eps)",
        "eps",
        by(_third),
        has_eps,
    ),
    Bug(
        "B78",
        "epsilon multiplied by the bias correction",
        "In the first steps epsilon is ten times too small.",
        "the correction is pulled out of the fraction, and epsilon is left inside",
        "eps",
        by(lambda given: given.under(eps=given.h.eps * given.correction).right()),
        corrects & has_eps,
        source="tensorflow/tensorflow issues 9047 and 35102 (Adam)",
    ),
    Bug(
        "B79",
        "the root of epsilon",
        "1e-8 acts as 1e-4, and small gradients hardly move anything.",
        "epsilon added under a root",
        "eps",
        by(lambda given: given.under(eps=math.sqrt(given.h.eps)).right()),
        has_eps,
        source="kozistr/pytorch_optimizer issue 397, CyberZHG/keras-radam issue 29",
    ),
)
