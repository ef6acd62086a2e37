"""Bugs of the learning rate."""

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.bugs.parts import Numbers, but, numbers
from adamax_ref.bugs.where import only
from adamax_ref.exact.stepper import add, divide, multiply
from adamax_ref.golden.case import Case, Step
from adamax_ref.recipe.profile import PROFILES, ieee_divide


def _default(case: Case, step: Step) -> Numbers:
    return but(numbers(case, step), lr=0.002 if case.hyper.lr.value != 0.002 else 0.001)


def _first(case: Case, step: Step) -> Numbers:
    return numbers(case, next((each for each in case.steps if each.grad is not None), step))


def _group(case: Case, step: Step) -> Numbers:
    return numbers(case)


def _late(case: Case, step: Step) -> Numbers:
    """Use the rate of the step before; the first step has its own."""
    at = next(number for number, each in enumerate(case.steps) if each is step)
    return numbers(case, case.steps[max(at - 1, 0)])


def _inverse(given: Given) -> Three:
    """Divide the moment by the norm times the correction over the rate, which is infinite for a rate of 0."""
    _, m, u = given.right()
    form = PROFILES[given.parts.profile].working
    inside = given.parts.dialect.family is not None and given.parts.dialect.family.eps == "divisor"
    bottom = add(u, form.round(given.h.eps), form) if inside else u
    step = divide(m, multiply(bottom, form.round(ieee_divide(given.correction, given.h.lr)), form), form)
    return add(given.p, -step, form), m, u


def _cut_off(given: Given) -> Three:
    p, m, u = given.right()
    length = float(given.h.lr)
    return (p if not abs(p - given.p) > length else given.p + (length if p > given.p else -length)), m, u


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
        by(_inverse),
        only("f64 f32 bf16 c64 c128", "no binary16 number makes the divisor overflow the working type"),
    ),
    Bug(
        "B49",
        "a step's own learning rate is ignored",
        "Schedules that set the rate at each step have no effect.",
        "the rate given at the start is used",
        "lr",
        hyper=_group,
    ),
    Bug(
        "B102",
        "the learning rate of the step before",
        "Every change of a schedule acts one step late.",
        "the scheduler steps after the rate has been read",
        "lr",
        hyper=_late,
    ),
    Bug(
        "B103",
        "the learning rate acts twice",
        "Steps are a thousand times too short.",
        "the rate in the scaled moment and again in the last line",
        "first",
        hyper=lambda case, step: but(numbers(case, step), lr=numbers(case, step).lr ** 2),
    ),
    Bug(
        "B104",
        "the learning rate is left out",
        "Every step is as long as 1.",
        "theta -= m / u",
        "first",
        hyper=lambda case, step: but(numbers(case, step), lr=1.0),
    ),
    Bug(
        "B105",
        "steps are cut off at the learning rate",
        "After a quiet spell or with a late moment steps are shorter than they should be.",
        "a clamp that takes the bound of the paper for a rule",
        "u-decay",
        by(_cut_off),
    ),
)
