"""Bugs of the learning rate."""

from adamax_ref.golden.case import Case, Step
from adamax_ref.law.profile import PROFILES, ieee_divide
from adamax_ref.truth.stepper import add, divide, multiply

from ._bug import Bug
from ._parts import Numbers, Parts, but, numbers

Three = tuple[float, float, float]


def _default(case: Case, step: Step) -> Numbers:
    return but(numbers(case, step), lr=0.002 if case.hyper.lr.value != 0.002 else 0.001)


def _first(case: Case, step: Step) -> Numbers:
    return numbers(case, next((each for each in case.steps if each.grad is not None), step))


def _group(case: Case, step: Step) -> Numbers:
    return numbers(case)


def _inverse(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    """Divide the moment by the norm times the correction over the rate, which is infinite for a rate of 0."""
    _, new_m, new_u = parts.step(p, g, m, u, h, t)
    form = PROFILES[parts.profile].working
    correction = 1 - float(h.beta1**t) if parts.timed else 1.0
    inside = parts.dialect.family is not None and parts.dialect.family.eps == "divisor"
    bottom = add(new_u, form.round(h.eps), form) if inside else new_u
    step = divide(new_m, multiply(bottom, form.round(ieee_divide(correction, h.lr)), form), form)
    return add(p, -step, form), new_m, new_u


BUGS = (
    Bug(
        "B25",
        "the given learning rate is ignored",
        "Training runs at the default rate, whatever was asked for.",
        "the option never reaches the step",
        "first",
        hyper=_default,
    ),
    Bug(
        "B35",
        "the learning rate of the first step is kept for ever",
        "Schedules have no effect.",
        "the rate is read once, or a compiled function has kept it",
        "lr",
        hyper=_first,
    ),
    Bug(
        "B36",
        "written with 1/lr",
        "A rate of 0 gives NaN, a tiny one an infinite divisor.",
        "m / (u * (1 - beta1**t) / lr)",
        "lr",
        _inverse,
        lambda dialect, profile: profile != "f16",  # nothing that the type holds makes the divisor overflow
    ),
    Bug(
        "B49",
        "a step's own learning rate is ignored",
        "Schedules that set the rate at each step have no effect.",
        "the rate given at the start is used",
        "lr",
        hyper=_group,
    ),
)
