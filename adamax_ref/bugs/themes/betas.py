"""Bugs of the two betas: exchanged, shared, ignored, written as numbers."""

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by


def _exchanged(given: Given) -> Three:
    return given.under(beta1=given.h.beta2, beta2=given.h.beta1).right()


def _tenth(given: Given) -> Three:
    return given.finish(m=float(given.h.beta1) * given.m + 0.1 * given.gradient)


BUGS = (
    Bug(
        "B12",
        "beta1 and beta2 exchanged",
        "The moment hardly moves and the norm forgets at once.",
        "the order in which the betas are unpacked",
        "first",
        by(_exchanged),
    ),
    Bug(
        "B16",
        "u decays with beta1",
        "The norm forgets within ten steps.",
        "max(beta1 * u, |g|)",
        "u-decay",
        by(lambda given: given.under(beta2=given.h.beta1).right()),
    ),
    Bug(
        "B57",
        "m averages with beta2",
        "The moment hardly moves, while the correction believes that it does.",
        "m = beta2 * m + (1 - beta2) * g",
        "first",
        by(lambda given: given.finish(m=given.under(beta1=given.h.beta2).moment)),
    ),
    Bug(
        "B58",
        "the given betas are ignored",
        "The usual 0.9 and 0.999 are at work, whatever was asked for.",
        "the options of a group never reach the kernel",
        "first",
        by(lambda given: given.under(beta1=0.9, beta2=0.999).right()),
        source="PaddlePaddle/Paddle issue 63616 (AdamW, the betas of a parameter group)",
    ),
    Bug(
        "B59",
        "1 - beta1 written as 0.1",
        "With any other beta1 steps are too long or too short by a constant factor.",
        "a literal in the line of the moment",
        "first",
        by(_tenth),
    ),
)
