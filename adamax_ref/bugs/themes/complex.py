"""Bugs of complex numbers."""

import math

from adamax_ref.bugs.bug import Bug, Grad
from adamax_ref.bugs.element import Given
from adamax_ref.bugs.parts import Numbers, Parts
from adamax_ref.bugs.where import where
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State
from adamax_ref.recipe.profile import PROFILES


def _by_modulus(case: Case, parts: Parts, state: State, grad: Grad, h: Numbers) -> State:
    """Let the modulus of the pair enter the norm of both parts."""
    made = []
    for at in range(len(grad)):
        pair = [grad[at - at % 2], grad[at - at % 2 + 1]]
        given = Given(parts, state.theta[at], grad[at], state.m[at], state.u[at], h, state.t + 1)
        made.append(tuple(map(parts.stored, given.finish(u=given.but(g=parts.stored(math.hypot(*pair))).norm))))
    theta, m, u = (tuple(column) for column in zip(*made, strict=True)) if made else ((), (), ())
    return State(state.t + 1, theta, m, u)


BUGS = (
    Bug(
        "B46",
        "complex numbers by modulus where two reals are due",
        "Real and imaginary part share one norm, and the smaller of them hardly moves.",
        "abs of a complex gradient",
        "complex",
        applies=where(lambda _, profile: PROFILES[profile].is_complex, "the numbers are real"),
        whole=_by_modulus,
        source="pytorch/pytorch issue 59998 (Adam) and pull request 80319 (Adamax)",
    ),
)
