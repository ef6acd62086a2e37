"""Bugs before the step begins: which gradient reaches it."""

from adamax_ref.bugs.bug import Bug, Grad
from adamax_ref.bugs.element import by
from adamax_ref.golden.case import Case


def _stale(case: Case, past: list[Grad]) -> Grad:
    return past[-2] if len(past) > 1 else (0.0,) * len(past[-1])


def _accumulated(case: Case, past: list[Grad]) -> Grad:
    return tuple(case.form.round(sum(column)) for column in zip(*past, strict=True))


BUGS = (
    Bug(
        "B106",
        "gradients are clipped to -1 ... 1",
        "Large gradients lose their proportions.",
        "a default of clipping that nobody asked for",
        "first",
        by(lambda given: given.but(g=given.g if not abs(given.g) > 1 else (1.0 if given.g > 0 else -1.0)).right()),
    ),
    Bug(
        "B107",
        "the gradient of the step before",
        "Every gradient acts one step late, and the first step does nothing.",
        "the step reads the gradient's buffer before it is filled",
        "first",
        grads=_stale,
    ),
    Bug(
        "B108",
        "gradients add up over the steps",
        "Directions long gone go on pulling, and the loss oscillates.",
        "gradients are never set to zero",
        "moment",
        grads=_accumulated,
    ),
    Bug(
        "B109",
        "a missing gradient is taken for zeros",
        "Parameters that are not in use move on, and their norm fades.",
        "zeros where there is no gradient",
        "skip",
        zeros_for_missing=True,
    ),
)
