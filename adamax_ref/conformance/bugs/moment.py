"""Bugs of the first moment and of the direction of the step."""

from ._bug import Bug
from ._parts import Numbers, Parts, but

Three = tuple[float, float, float]


def _without_weight(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    new_m = parts.stored(float(h.beta1) * m + parts.gradient(p, g, h))
    new_u = parts.norm(p, g, u, h)
    return parts.update(p, new_m, new_u, h, t), new_m, new_u


def _before(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    _, new_m, new_u = parts.step(p, g, m, u, h, t)
    return parts.update(p, m, new_u, h, t), new_m, new_u


def _ascent(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    _, new_m, new_u = parts.step(p, g, m, u, h, t)
    return parts.update(p, -new_m, new_u, h, t), new_m, new_u


BUGS = (
    Bug(
        "B11",
        "m without the factor 1 - beta1",
        "Steps are ten times too long.",
        "m = beta1 * m + g",
        "first",
        _without_weight,
    ),
    Bug(
        "B12",
        "beta1 and beta2 exchanged",
        "The moment hardly moves and the norm forgets at once.",
        "the order in which the betas are unpacked",
        "first",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, beta1=h.beta2, beta2=h.beta1), t),
    ),
    Bug(
        "B13",
        "the update uses m from before the step",
        "Every gradient acts one step late.",
        "theta is updated before m",
        "first",
        _before,
    ),
    Bug(
        "B29",
        "ascent in place of descent",
        "The loss grows.",
        "the sign of the last line",
        "first",
        _ascent,
    ),
    Bug(
        "B30",
        "maximize ignored",
        "The objective falls where it should grow.",
        "the flag never reaches the step",
        "maximize",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, maximize=False), t),
        lambda dialect, profile: "maximize" in dialect.options,
    ),
)
