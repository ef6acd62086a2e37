"""Bugs of the bias correction: what is corrected, by which power, how often."""

import math
from collections.abc import Callable

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Element, Given, Three, by
from adamax_ref.bugs.parts import Clock, Numbers, but
from adamax_ref.bugs.where import corrects


def clocked(clock: Callable[[Numbers, int], Clock]) -> Element:
    """Return the step whose correction is that of another clock, made from the hyperparameters and the step."""
    return by(lambda given: given.right(clock(given.h, given.t)))


def with_power(h: Numbers, power: float) -> Clock:
    """Return a clock whose ``beta1**t`` is a given number: that of step 1 with the number as beta1."""
    return Clock(1, but(h, beta1=power if power != 1 else 1 - 2.0**-53))


def corrected(bend: Callable[[float, Numbers, int], float]) -> Element:
    """Return the step whose correction ``c`` is ``bend(c, h, t)`` instead."""
    return clocked(lambda h, t: with_power(h, 1 - bend(1 - float(h.beta1**t), h, t)))


def _corrected_twice(given: Given) -> Three:
    m, u = given.moment, given.norm
    return given.parts.update(given.p, m, u / (1 - float(given.h.beta2**given.t)), given.h, given.t), m, u


def _stored_corrected(given: Given) -> Three:
    p, m, u = given.right()
    return p, m / (1 - float(given.h.beta1**given.t)), u


BUGS = (
    Bug(
        "B01",
        "no bias correction",
        "The first steps are far too short, by 1 - beta1.",
        "the learning rate is not divided by 1 - beta1**t",
        "first",
        clocked(lambda h, t: Clock.stopped(h)),
        corrects,
    ),
    Bug(
        "B02",
        "bias correction of the step before",
        "The second step is corrected as the first should be; the first not at all.",
        "the counter goes up after the correction, not before",
        "time",
        clocked(lambda h, t: Clock(t - 1) if t > 1 else Clock.stopped(h)),
        corrects,
    ),
    Bug(
        "B03",
        "bias correction with beta2",
        "The first steps are a hundred times too long.",
        "1 - beta2**t where 1 - beta1**t belongs",
        "first",
        clocked(lambda h, t: Clock(t, but(h, beta1=h.beta2))),
        corrects,
    ),
    Bug(
        "B04",
        "u is bias-corrected as well",
        "Steps are too short until beta2**t has faded.",
        "Adam corrects its second moment; Adamax has nothing to correct there",
        "first",
        by(_corrected_twice),
        corrects,
    ),
    Bug(
        "B05",
        "the corrected m is stored as state",
        "The moment is corrected again at every step and grows.",
        "the corrected moment is assigned to the state",
        "time",
        by(_stored_corrected),
        corrects,
    ),
    Bug(
        "B06",
        "correction frozen at its value for t = 1",
        "Steps stay ten times too long for ever.",
        "1 - beta1 where 1 - beta1**t belongs, or a compiled function has kept the counter",
        "time",
        clocked(lambda h, t: Clock(1)),
        corrects,
        source="tensorflow/tfjs-core pull request 280 (Adamax); eriklindernoren/ML-From-Scratch issue 35 (Adam)",
    ),
    Bug(
        "B60",
        "the correction is divided by twice",
        "The first step is ten times too long, and the next ones too.",
        "a corrected moment and a corrected learning rate",
        "first",
        corrected(lambda c, h, t: c * c),
        corrects,
    ),
    Bug(
        "B61",
        "multiplied by the correction instead of divided",
        "The first step is a hundredth of what it should be.",
        "m * (1 - beta1**t)",
        "first",
        corrected(lambda c, h, t: 1 / c),
        corrects,
        source="karpathy/convnetjs pull request 70 (Adam)",
    ),
    Bug(
        "B62",
        "Adam's factor sqrt(1 - beta2**t) kept in the rate",
        "The first thousand steps are too short.",
        "lr * sqrt(1 - beta2**t) / (1 - beta1**t), copied from Adam",
        "first",
        corrected(lambda c, h, t: c / math.sqrt(1 - float(h.beta2**t))),
        corrects,
    ),
    Bug(
        "B63",
        "beta1 * t where beta1**t belongs",
        "The first step is right, from the second on the direction turns round.",
        "a product where a power belongs",
        "time",
        clocked(lambda h, t: with_power(h, float(h.beta1) * t)),
        corrects,
    ),
    Bug(
        "B64",
        "bias correction of the step after",
        "The first step is only about half as long as it should be.",
        "the counter, or the product of the betas, goes up twice before the first step",
        "first",
        clocked(lambda h, t: Clock(t + 1)),
        corrects,
        source="tiny-dnn/tiny-dnn pull request 824 (Adam's first step used beta1**2)",
    ),
)
