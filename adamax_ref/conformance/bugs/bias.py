"""Bugs of the bias correction and of the step counter."""

from collections.abc import Callable
from dataclasses import replace

from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import BINARY16

from ._bug import Bug, Element
from ._parts import Clock, Numbers, Parts, but


def corrects(dialect: Dialect, profile: str) -> bool:
    """Tell whether there is a correction to get wrong."""
    return bool(Parts(dialect, profile).timed)


def clocked(clock: Callable[[Numbers, int], Clock]) -> Element:
    """Return the step whose correction is that of another clock, made from the hyperparameters and the step."""

    def element(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> tuple[float, float, float]:
        return parts.step(p, g, m, u, h, t, clock(h, t))

    return element


def _with_power(h: Numbers, power: float) -> Clock:
    """Return a clock whose ``beta1**t`` is a given number: that of step 1 with the number as beta1."""
    return Clock(1, but(h, beta1=power))


def _running(beta: float, t: int) -> float:
    power = 1.0
    for _ in range(min(t, 5000)):  # from there on it has long stopped moving
        power = BINARY16.round(power * BINARY16.round(beta))
    return power


def _half(h: Numbers, t: int) -> Clock:
    return _with_power(h, min(1 - BINARY16.round(1 - float(h.beta1**t)), 1 - 2.0**-30))


def _corrected_twice(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> tuple[float, float, float]:
    new_m, new_u = parts.moment(p, g, m, h), parts.norm(p, g, u, h)
    return parts.update(p, new_m, new_u / (1 - float(h.beta2**t)), h, t), new_m, new_u


def _stored_corrected(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> tuple[float, float, float]:
    new_p, new_m, new_u = parts.step(p, g, m, u, h, t)
    return new_p, new_m / (1 - float(h.beta1**t)), new_u


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
        _corrected_twice,
        corrects,
    ),
    Bug(
        "B05",
        "the corrected m is stored as state",
        "The moment is corrected again at every step and grows.",
        "the corrected moment is assigned to the state",
        "time",
        _stored_corrected,
        corrects,
    ),
    Bug(
        "B06",
        "correction frozen at its value for t = 1",
        "Steps stay ten times too long for ever.",
        "the counter is read once, or a compiled function has kept it",
        "time",
        clocked(lambda h, t: Clock(1)),
        corrects,
    ),
    Bug(
        "B07",
        "1 - beta1**t formed in binary16",
        "Step lengths are off by one part in a thousand.",
        "the correction is a tensor of the parameter's type",
        "first",
        clocked(_half),
        lambda dialect, profile: corrects(dialect, profile) and profile in ("f64", "f32"),
    ),
    Bug(
        "B08",
        "step counter of 8 bits",
        "From step 128 on the correction starts anew, and with it the long steps.",
        "the counter's type",
        "time",
        clocked(lambda h, t: Clock(t % 128 or 1)),
        corrects,
    ),
    Bug(
        "B09",
        "beta1**t as a running product in a 16-bit type",
        "The correction drifts and stops moving.",
        "the power is multiplied up in the parameter's type",
        "time",
        clocked(lambda h, t: _with_power(h, min(_running(h.beta1, t), 1 - 2.0**-30))),
        lambda dialect, profile: corrects(dialect, profile) and profile in ("f64", "f32"),
    ),
    Bug(
        "B10",
        "the counter advances on skipped steps",
        "Parameters that are used now and then get the wrong correction.",
        "one counter for all parameters",
        "skip",
        skipped=lambda state: replace(state, t=state.t + 1),
    ),
)
