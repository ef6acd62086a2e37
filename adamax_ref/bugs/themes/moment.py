"""Bugs of the first moment and of the direction of the step."""

import math

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by


def _without_weight(given: Given) -> Three:
    return given.finish(m=float(given.h.beta1) * given.m + given.gradient)


def _before(given: Given) -> Three:
    _, m, u = given.right()
    return given.parts.update(given.p, given.m, u, given.h, given.t), m, u


def _ascent(given: Given) -> Three:
    _, m, u = given.right()
    return given.parts.update(given.p, -m, u, given.h, given.t), m, u


def _started(given: Given) -> Three:
    return given.finish(m=given.gradient) if given.t == 1 else given.right()


def _sign(given: Given) -> Three:
    g = given.g if given.g == 0 or given.g != given.g else math.copysign(1.0, given.g)
    return given.finish(m=given.but(g=g).moment)


def _ahead(given: Given) -> Three:
    _, m, u = given.right()
    return given.parts.update(given.p, given.but(m=m).moment, u, given.h, given.t), m, u


BUGS = (
    Bug(
        "B11",
        "m without the factor 1 - beta1",
        "Steps are ten times too long.",
        "m = beta1 * m + g",
        "first",
        by(_without_weight),
    ),
    Bug(
        "B13",
        "the update uses m from before the step",
        "Every gradient acts one step late.",
        "theta is updated before m",
        "first",
        by(_before),
    ),
    Bug(
        "B29",
        "ascent in place of descent",
        "The loss grows.",
        "the sign of the last line",
        "first",
        by(_ascent),
    ),
    Bug(
        "B53",
        "m starts as the first gradient and is corrected all the same",
        "The first steps are ten times too long.",
        "if step == 1: m = g",
        "first",
        by(_started),
    ),
    Bug(
        "B54",
        "m averages the size of the gradient",
        "Every parameter falls, whichever way its gradient points.",
        "abs in place, on the array that the moment reads afterwards",
        "first",
        by(lambda given: given.finish(m=given.but(g=abs(given.g)).moment)),
        source="deeplearning4j/nd4j pull request 1818, review: abs in place is safe only where the moment comes first",
    ),
    Bug(
        "B55",
        "m averages the sign of the gradient",
        "Steps no longer shrink with the gradient, and noise counts as much as signal.",
        "sign(g) from another optimizer of the same file",
        "first",
        by(_sign),
    ),
    Bug(
        "B56",
        "the update looks ahead as Nesterov does",
        "The first steps are nearly twice as long; it is Nadam's numerator over Adamax's norm.",
        "beta1 * m + (1 - beta1) * g where m belongs",
        "first",
        by(_ahead),
    ),
)
