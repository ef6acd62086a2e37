"""Bugs of weight decay."""

from adamax_ref.law.dialect import Dialect

from ._bug import Bug
from ._parts import Numbers, Parts, but

Three = tuple[float, float, float]


def coupled(dialect: Dialect, profile: str) -> bool:
    """Tell whether decay joins the gradient."""
    return "l2" in dialect.options


def decoupled(dialect: Dialect, profile: str) -> bool:
    """Tell whether decay shrinks the parameter by itself."""
    return "decoupled" in dialect.options


def _mixed_up(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    bare = but(h, weight_decay=0.0)
    if coupled(parts.dialect, parts.profile):
        return parts.step(parts.stored(p - h.lr * h.weight_decay * p), g, m, u, bare, t)
    return parts.step(p, parts.stored(g + h.weight_decay * p), m, u, bare, t)


def _without_rate(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    return parts.step(parts.stored(p - h.weight_decay * p), g, m, u, but(h, weight_decay=0.0), t)


def _after_the_moments(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    _, new_m, new_u = parts.step(p, g, m, u, but(h, weight_decay=0.0), t)
    return parts.update(p, parts.stored(new_m + h.weight_decay * p), new_u, h, t), new_m, new_u


def _after_the_update(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    new_p, new_m, new_u = parts.step(p, g, m, u, but(h, weight_decay=0.0), t)
    return new_p - h.lr * h.weight_decay * new_p, new_m, new_u


BUGS = (
    Bug(
        "B31",
        "coupled and decoupled decay mixed up",
        "Regularisation acts through the wrong term.",
        "where weight_decay meets the parameter",
        "decay",
        _mixed_up,
        lambda dialect, profile: coupled(dialect, profile) or decoupled(dialect, profile),
    ),
    Bug(
        "B32",
        "decoupled decay not multiplied by the learning rate",
        "Weights vanish within a few steps.",
        "p -= weight_decay * p",
        "decay",
        _without_rate,
        decoupled,
    ),
    Bug(
        "B33",
        "coupled decay added after the moments",
        "Decay reaches the parameter only, and is not normalised.",
        "the order of decay and moment",
        "decay",
        _after_the_moments,
        coupled,
    ),
    Bug(
        "B34",
        "decoupled decay applied after the update",
        "Decay acts on another parameter than it should.",
        "the order of decay and update",
        "decay",
        _after_the_update,
        decoupled,
    ),
    Bug(
        "B48",
        "weight decay ignored",
        "Weights grow without limit.",
        "the option never reaches the step",
        "decay",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, weight_decay=0.0), t),
        lambda dialect, profile: coupled(dialect, profile) or decoupled(dialect, profile),
    ),
)
