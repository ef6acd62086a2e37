"""Bugs of number types: state, scalars or the whole step in a type that is too narrow."""

from dataclasses import replace

from adamax_ref.golden.oracle import State
from adamax_ref.law.profile import BFLOAT16, BINARY16, BINARY32

from ._bug import Bug
from ._parts import Numbers, Parts, but

Three = tuple[float, float, float]


def _narrow_state(before: State, after: State) -> State:
    return replace(after, m=tuple(map(BINARY16.round, after.m)), u=tuple(map(BINARY16.round, after.u)))


def _single(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    p, g, m, u = map(BINARY32.round, (p, g, m, u))
    return Parts(parts.dialect, "f32").step(p, g, m, u, h, t)


def _cut_betas(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    beta1, beta2 = (BFLOAT16.round(float(beta)) for beta in (h.beta1, h.beta2))
    return parts.step(p, g, m, u, but(h, beta1=min(beta1, 1 - 2.0**-8), beta2=beta2), t)


BUGS = (
    Bug(
        "B40",
        "m and u kept in binary16",
        "State loses digits at every step.",
        "the type in which state is allocated",
        "dtype",
        tensor=_narrow_state,
        applies=lambda dialect, profile: profile != "f16",
    ),
    Bug(
        "B41",
        "the whole step in binary32",
        "Half of the digits are noise.",
        "a cast, or a literal that is not double",
        "dtype",
        _single,
        lambda dialect, profile: profile == "f64" and "f32" in dialect.profiles,
    ),
    Bug(
        "B42",
        "betas cut to bfloat16",
        "0.999 becomes 0.996: the norm forgets four times as fast.",
        "scalars are tensors of a 16-bit type",
        "dtype",
        _cut_betas,
        lambda dialect, profile: profile != "bf16",
    ),
)
