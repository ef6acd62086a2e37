"""Bugs of the infinity norm: other norms in its place, and how it divides."""

import math
from dataclasses import replace
from typing import Any

from adamax_ref.bugs.bug import Bug, Grad, each
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.bugs.parts import Numbers, Parts
from adamax_ref.bugs.where import only
from adamax_ref.exact.stepper import divide, multiply
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.profile import PROFILES


def _root(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def _average(given: Given) -> Three:
    size = abs(given.gradient) + given.inside
    return given.finish(u=float(given.h.beta2) * given.u + (1 - float(given.h.beta2)) * size)


def _adam(given: Given) -> Three:
    size, m = given.gradient, given.moment
    v = given.parts.stored(float(given.h.beta2) * given.u + (1 - float(given.h.beta2)) * (size * size))
    return given.parts.update(given.p, m, given.parts.stored(_root(v)) + given.inside, given.h, given.t), m, v


def _squares(given: Given) -> Three:
    size, m = given.gradient, given.moment
    v = given.parts.stored(maximum(float(given.h.beta2) * given.u, size * size))
    return given.parts.update(given.p, m, given.parts.stored(_root(v)) + given.inside, given.h, given.t), m, v


def _rooted(given: Given) -> Three:
    _, m, u = given.right()
    return given.parts.update(given.p, m, _root(u), given.h, given.t), m, u


def _one_maximum(before: State, after: State) -> State:
    return replace(after, u=tuple([max(after.u)] * len(after.u))) if after.u and all(map(math.isfinite, after.u)) else after


def _one_length(case: Case, parts: Parts, state: State, grad: Grad, h: Numbers) -> State:
    """Let the Euclidean length of the whole gradient enter the norm."""
    length = parts.stored(math.hypot(*grad))
    wrong = by(lambda given: given.finish(u=given.but(g=length).norm))
    return each(wrong)(case, parts, state, grad, h)


def _wholly(given: Given) -> Three:
    """Divide by the norm from before the step."""
    _, m, u = given.right()
    return given.parts.update(given.p, m, given.u, given.h, given.t), m, u


def _by_reciprocal(parts: Parts, *step: Any) -> Three:
    working = PROFILES[parts.profile].working

    def div(a: float, b: float) -> float:
        return multiply(a, divide(1.0, b, working), working)

    return parts.but(div=div).step(*step)


def _ones(state: State) -> State:
    return replace(state, u=(1.0,) * len(state.u)) if state.t == 0 and not any(state.u) else state


BUGS = (
    Bug(
        "B17",
        "moving average of |g| in place of the maximum",
        "Steps are far too long at first and after every quiet spell.",
        "u = beta2 * u + (1 - beta2) * |g|",
        "first",
        by(_average),
    ),
    Bug(
        "B19",
        "Adam's root of the averaged square",
        "It is Adam without its second correction.",
        "u = sqrt(beta2 * v + (1 - beta2) * g**2)",
        "first",
        by(_adam),
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
        "B37",
        "multiplication by 1/u",
        "For a tiny norm 1/u is infinite, and so is the parameter.",
        "a reciprocal taken once and multiplied",
        "range",
        _by_reciprocal,
        only("f64 f32 bf16 c64 c128", "the working type has room for the inverse of every binary16 number"),
        source="kozistr/pytorch_optimizer issue 480 (AdamP)",
    ),
    Bug(
        "B47",
        "the update divides by u from before the step",
        "The first step divides by zero, the others by the wrong norm.",
        "theta is updated before u",
        "first",
        by(_wholly),
    ),
    Bug(
        "B80",
        "the norm starts at 1",
        "Until a gradient exceeds the decaying 1, steps are too short: for a thousand steps and more.",
        "ones where zeros belong",
        "first",
        begin=_ones,
    ),
    Bug(
        "B84",
        "the norm keeps squares",
        "The norm decays half as fast, and a state loaded from elsewhere means something else.",
        "u = max(beta2 * u, g**2), and its root in the last line",
        "u-decay",
        by(_squares),
    ),
    Bug(
        "B85",
        "Adam's square root left in the last line",
        "Steps depend on the gradient's size: large ones explode, small ones vanish.",
        "m / sqrt(u)",
        "first",
        by(_rooted),
    ),
    Bug(
        "B86",
        "the length of the whole gradient in place of each element's size",
        "Steps shrink with the root of the number of elements.",
        "norm(g) where abs(g) belongs",
        "first",
        whole=_one_length,
    ),
)
