"""Bugs of the infinity norm."""

import math
from dataclasses import replace
from typing import Any

from adamax_ref.golden.oracle import State
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import PROFILES
from adamax_ref.truth.stepper import divide, multiply

from ._bug import Bug
from ._parts import Numbers, Parts, but, finite

Three = tuple[float, float, float]


def _average(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    size = abs(parts.gradient(p, g, h)) + _inside(parts, h)
    new_u = parts.stored(float(h.beta2) * u + (1 - float(h.beta2)) * size)
    new_m = parts.moment(p, g, m, h)
    return parts.update(p, new_m, new_u, h, t), new_m, new_u


def _root(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    size = parts.gradient(p, g, h)
    new_u = parts.stored(float(h.beta2) * u + (1 - float(h.beta2)) * (size * size))
    new_m = parts.moment(p, g, m, h)
    root = parts.stored(math.sqrt(new_u) if new_u >= 0 else math.nan)
    return parts.update(p, new_m, root + _inside(parts, h), h, t), new_m, new_u


def _inside(parts: Parts, h: Numbers) -> float:
    """Return epsilon where it is part of the norm, else 0."""
    family = parts.dialect.family
    return float(h.eps) if family is not None and family.eps in ("max", "norm") else 0.0


def _one_maximum(before: State, after: State) -> State:
    return replace(after, u=tuple([max(after.u)] * len(after.u))) if after.u and all(map(math.isfinite, after.u)) else after


def _drops_nan(dialect: Dialect, profile: str) -> bool:
    return dialect.family is None or dialect.family.maximum == "both"


def _ignoring(a: float, b: float) -> float:
    return b if a != a else a if b != b else max(a, b)


def _least(a: float, b: float) -> float:
    return math.nan if a != a or b != b else min(a, b)


def _wholly(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    """Divide by the norm from before the step."""
    _, new_m, new_u = parts.step(p, g, m, u, h, t)
    return parts.update(p, new_m, u, h, t), new_m, new_u


def _by_reciprocal(parts: Parts, *step: Any) -> Three:
    working = PROFILES[parts.profile].working

    def div(a: float, b: float) -> float:
        return multiply(a, divide(1.0, b, working), working)

    return parts.but(div=div).step(*step)


BUGS = (
    Bug(
        "B14",
        "no absolute value in u",
        "After negative gradients the norm is far too small and steps explode.",
        "max(beta2 * u, g)",
        "u-decay",
        lambda parts, *a: parts.but(abs=lambda x: x).step(*a),
    ),
    Bug(
        "B15",
        "u never decays",
        "One large gradient slows training down for ever.",
        "max(u, |g|)",
        "u-decay",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, beta2=1.0), t),
    ),
    Bug(
        "B16",
        "u decays with beta1",
        "The norm forgets within ten steps.",
        "max(beta1 * u, |g|)",
        "u-decay",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, beta2=h.beta1), t),
    ),
    Bug(
        "B17",
        "moving average of |g| in place of the maximum",
        "Steps are far too long at first and after every quiet spell.",
        "u = beta2 * u + (1 - beta2) * |g|",
        "first",
        _average,
    ),
    Bug(
        "B18",
        "min in place of max",
        "Steps explode.",
        "the function's name",
        "u-decay",
        lambda parts, *a: parts.but(max=_least, greater=_least).step(*a),
    ),
    Bug(
        "B19",
        "Adam's root of the averaged square",
        "It is Adam without its second correction.",
        "u = sqrt(beta2 * v + (1 - beta2) * g**2)",
        "first",
        _root,
    ),
    Bug(
        "B20",
        "one maximum for the whole tensor",
        "Elements with small gradients starve.",
        "a reduction in place of an elementwise maximum",
        "first",
        tensor=_one_maximum,
    ),
    Bug(
        "B27",
        "a NaN gradient is lost by max",
        "A broken batch leaves the norm finite, and the run looks sound.",
        "fmax, or a comparison, in place of a maximum that keeps NaN",
        "nonfinite",
        lambda parts, *a: parts.but(max=_ignoring, greater=_ignoring).step(*a),
        _drops_nan,
    ),
    Bug(
        "B28",
        "non-finite gradients are replaced by 0",
        "A broken batch goes unnoticed.",
        "nan_to_num before the step",
        "nonfinite",
        lambda parts, p, g, m, u, h, t: parts.step(p, finite(g), m, u, h, t),
    ),
    Bug(
        "B37",
        "multiplication by 1/u",
        "For a tiny norm 1/u is infinite, and so is the parameter.",
        "a reciprocal taken once and multiplied",
        "range",
        _by_reciprocal,
        lambda dialect, profile: profile != "f16",  # the working type has room for the inverse of every number
    ),
    Bug(
        "B47",
        "the update divides by u from before the step",
        "The first step divides by zero, the others by the wrong norm.",
        "theta is updated before u",
        "first",
        _wholly,
    ),
)
