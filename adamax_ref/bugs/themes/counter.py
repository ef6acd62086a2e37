"""Bugs of the step counter: advanced too often, too seldom, or kept in a type that is too narrow."""

from dataclasses import replace

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.parts import Clock, Numbers
from adamax_ref.bugs.where import corrects, counts_far, counts_with, only, where, wide
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.powers import running_product
from adamax_ref.recipe.profile import BINARY16, BINARY32, BINARY64, PROFILES

from .bias import clocked, corrected, with_power

_LOST = "the error is smaller than the rounding of the parameter"


def _knows_late(dialect: Dialect, profile: str) -> bool:
    """Tell whether the correction is formed in double, or the working type is double."""
    return PROFILES[profile].working is BINARY64 or dialect.family is None or dialect.family.bias == "host"


def _running(beta: float, t: int) -> float:
    return running_product(BINARY16.round(beta), min(t, 5000), BINARY16)  # from there on it has long stopped moving


def _half(c: float, h: Numbers, t: int) -> float:
    return max(BINARY16.round(c), 2.0**-30)


def _single(c: float, h: Numbers, t: int) -> float:
    return BINARY32.round(1 - BINARY32.round(BINARY32.round(float(h.beta1)) ** t))


BUGS = (
    Bug(
        "B07",
        "1 - beta1**t formed in binary16",
        "Step lengths are off by one part in a thousand.",
        "the correction is a tensor of the parameter's type",
        "first",
        corrected(_half),
        corrects & wide(_LOST),
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
        clocked(lambda h, t: with_power(h, min(_running(h.beta1, t), 1 - 2.0**-30))),
        corrects & counts_with(11),
    ),
    Bug(
        "B10",
        "the counter advances on skipped steps",
        "Parameters that are used now and then get the wrong correction.",
        "one counter for all parameters",
        "skip",
        skipped=lambda state: replace(state, t=state.t + 1),
        source="InfiniTensor/InfiniTrain issue 235 (Adam)",
    ),
    Bug(
        "B65",
        "the counter never advances",
        "Every step is corrected as the first, so steps stay ten times too long.",
        "the counter is read and never written back",
        "time",
        tensor=lambda before, after: replace(after, t=before.t),
        source="allenai/OLMo-core pull request 317 (SkipStepAdamW)",
    ),
    Bug(
        "B66",
        "the counter goes up once for each parameter",
        "The correction fades too early, for each parameter at another time.",
        "the counter's line stands inside the loop over the parameters",
        "first",
        clocked(lambda h, t: Clock(2 * t)),
        corrects,
        source="flashlight/flashlight issue 143 (Adam); here with a second parameter that comes first",
    ),
    Bug(
        "B67",
        "the counter is a bfloat16 and stops at 256",
        "The correction is frozen from step 256 on: with a beta1 near 1 steps stay too long for ever.",
        "the counter takes the default type of the framework",
        "time",
        clocked(lambda h, t: Clock(min(t, 256))),
        corrects,
        source="pytorch/ao pull request 4915 (Adam)",
    ),
    Bug(
        "B68",
        "the counter is a binary16 and stops at 2048",
        "The correction is frozen from step 2048 on: with a beta1 near 1 steps stay too long for ever.",
        "the counter takes the type of the parameter",
        "time",
        clocked(lambda h, t: Clock(min(t, 2048))),
        corrects & counts_with(11),
    ),
    Bug(
        "B69",
        "step counter of 8 bits without sign",
        "From step 256 on the correction starts anew, and with it the long steps.",
        "the counter's type",
        "time",
        clocked(lambda h, t: Clock(t % 256 or 1)),
        corrects,
    ),
    Bug(
        "B70",
        "step counter of 16 bits",
        "From step 32768 on the correction starts anew, and with it the long steps.",
        "the counter's type",
        "time",
        clocked(lambda h, t: Clock(t % 32768 or 1)),
        corrects & counts_far & counts_with(15),
    ),
    Bug(
        "B71",
        "the counter is a binary32 and stops at 2**24",
        "In very long runs with a beta1 very near 1 the correction stops moving.",
        "the counter's type",
        "time",
        clocked(lambda h, t: Clock(min(t, 2**24))),
        corrects & counts_far & where(_knows_late, "a power of so many steps is uncertain itself where it is formed in binary32"),
    ),
    Bug(
        "B72",
        "1 - beta1**t formed in binary32",
        "In double precision step lengths are right to seven digits only.",
        "the counter, or beta1, is a float32",
        "dtype",
        corrected(_single),
        corrects & only("f64 c128", "the working type is binary32 itself"),
    ),
)
