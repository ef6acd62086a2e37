"""Bugs of epsilon: in another place, left out, squared, piling up, or rounded away."""

from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import BINARY16

from ._bug import Bug
from ._parts import Numbers, Parts, but

Three = tuple[float, float, float]


def has_eps(dialect: Dialect, profile: str) -> bool:
    """Tell whether there is an epsilon."""
    return "eps" in dialect.options


def _moved(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    """Put epsilon into the divisor where it belongs into the maximum, and the reverse."""
    bare, new_m = but(h, eps=0.0), parts.moment(p, g, m, h)
    inside = parts.dialect.family is not None and parts.dialect.family.eps != "divisor"
    if inside:
        new_u = parts.norm(p, g, u, bare)
        return parts.update(p, new_m, new_u + h.eps, bare, t), new_m, new_u
    size = parts.norm(p, g, 0.0, bare) + h.eps
    new_u = parts.stored(max(parts.norm(p, 0.0, u, but(bare, weight_decay=0.0)), size))
    return parts.update(p, new_m, new_u, bare, t), new_m, new_u


def _piling_up(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
    bare, new_m = but(h, eps=0.0), parts.moment(p, g, m, h)
    new_u = parts.stored(parts.norm(p, g, u, bare) + h.eps)
    return parts.update(p, new_m, new_u, bare, t), new_m, new_u


BUGS = (
    Bug(
        "B21",
        "epsilon in the other place",
        "Small gradients give steps of another length; a loaded state means something else.",
        "max(beta2 * u, |g|) + eps against max(beta2 * u, |g| + eps)",
        "eps",
        _moved,
        has_eps,
    ),
    Bug(
        "B22",
        "epsilon left out",
        "A zero gradient at the first step gives NaN.",
        "the division has no epsilon",
        "zero",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, eps=0.0), t),
        has_eps,
    ),
    Bug(
        "B23",
        "epsilon added after the maximum and stored",
        "The norm grows by epsilon at every step.",
        "u = max(beta2 * u, |g|) + eps",
        "eps",
        _piling_up,
        has_eps,
    ),
    Bug(
        "B24",
        "epsilon squared",
        "Small gradients divide by too little.",
        "eps * eps, as in implementations that keep squares",
        "eps",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, eps=h.eps * h.eps), t),
        has_eps,
    ),
    Bug(
        "B26",
        "epsilon kept in binary16",
        "1e-8 becomes 0, and a zero gradient gives NaN.",
        "epsilon is a tensor of the parameter's type",
        "zero",
        lambda parts, p, g, m, u, h, t: parts.step(p, g, m, u, but(h, eps=BINARY16.round(h.eps)), t),
        lambda dialect, profile: has_eps(dialect, profile) and profile in ("f64", "f32", "bf16"),
    ),
)
