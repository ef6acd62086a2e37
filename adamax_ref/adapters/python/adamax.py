"""An Adamax of its own, with the operations of torch.optim.Adamax in the same order, and nothing but the standard library.

Python has neither single precision nor, before 3.13, a fused multiply-add; here both are made of fractions: exact in
both profiles.
"""

import math
import struct
from collections.abc import Callable
from fractions import Fraction

from hyper import Hyper, State

ABOUT = {
    "name": "adamax.py",
    "version": "1.0",
    "dialects": ["torch"],
    "features": ["init-state", "l2", "lr-schedule", "maximize", "skip"],
}


def step(state: State, grad: list[float], h: Hyper, profile: str) -> None:
    """Make one step: count it, and change theta, m and u."""
    state.t += 1
    to: Callable[[float], float] = single if profile == "f32" else float
    weight, beta2, eps, decay = (to(x) for x in (1 - h.beta1, h.beta2, h.eps, h.weight_decay))
    rate = to(-(h.lr / (1 - h.beta1**state.t)))
    for i, g in enumerate(grad):
        g = -g if h.maximize else g
        if h.weight_decay:
            g = fma(state.theta[i], decay, g, to)
        m, toward = state.m[i], to(g - state.m[i])
        state.m[i] = fma(weight, toward, m, to) if weight < 0.5 else fma(to(weight - 1), toward, g, to)
        shrunk, size = to(beta2 * state.u[i]), to(abs(g) + eps)
        state.u[i] = size if shrunk <= size or size != size else shrunk  # the larger; a NaN from either side stays
        state.theta[i] = to(state.theta[i] + divide(to(rate * state.m[i]), state.u[i], to))


def single(x: float) -> float:
    """Round to binary32."""
    try:
        (rounded,) = struct.unpack("<f", struct.pack("<f", x))
    except OverflowError:
        return math.copysign(math.inf, x)
    return float(rounded)


def divide(a: float, b: float, to: Callable[[float], float]) -> float:
    """Divide as the standard says, by zero too."""
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)
    return to(a / b)


def fma(a: float, b: float, c: float, to: Callable[[float], float]) -> float:
    """Return a * b + c, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c
    try:
        near = float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf
    if to is single and near != exact and struct.pack("<d", near)[0] % 2 == 0:
        # To odd: single then sees on which side of a middle between two singles the exact sum lies.
        near = math.nextafter(near, math.inf if exact > near else -math.inf)
    return to(near)
