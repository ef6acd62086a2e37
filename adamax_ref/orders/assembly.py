"""A dialect's real function, put together from choices: the parts that :mod:`adamax_ref.orders.axes` lists.

The parts are those of the formula itself: moment, norm, divisor, update, decay. Each is written once for all its
choices; the meaning of each choice stands in :mod:`adamax_ref.orders.axes`.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from typing import final

from adamax_ref.recipe.dialect import Dialect, Family, usual_conditions
from adamax_ref.recipe.operations import fma, greater, maximum, store
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, Number, Rounding, Scalar


@final
@dataclass(frozen=True)
class Axes:
    """One choice on each axis; an axis that makes no difference is empty and left out of the name.

    Examples
    --------
    >>> print(Axes(m="sum", mfma="g"))
    m=sum mfma=g c1=host bias=host power=exact final=F1 endfma=no
    """

    m: str = "sum"
    mfma: str = "none"
    c1: str = "host"
    bias: str = "host"
    power: str = "exact"
    final: str = "F1"
    endfma: str = "no"
    decay: str = ""
    decayfma: str = ""
    round: str = ""
    scalars: str = ""

    def __str__(self) -> str:
        return " ".join(f"{axis.name}={getattr(self, axis.name)}" for axis in fields(self) if getattr(self, axis.name))


@cache
def assemble(dialect: Dialect, axes: Axes) -> Dialect:
    """Return the dialect that computes the function of `dialect` with the choices `axes`."""
    assert dialect.family is not None
    return replace(
        dialect,
        name=str(axes),
        title=f"the function of {dialect.name!r} by other roundings",
        update=_update(dialect.family, axes),
        constants=_constants(axes.c1, axes.bias, axes.round, axes.scalars),
        conditions=_conditions(axes.m, axes.c1),
        defaults=replace(dialect.defaults, weight_decay=0.0),
        stepwise=axes.round == "every-op",
        flushes=False,
        variants={},
        vector=0,
    )


@cache
def _conditions(m: str, c1: str) -> Callable[[HyperLike, FormatRounding], dict[str, bool]]:
    def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
        far = {"far": float(_weight(h, to, c1)) >= 0.5} if m == "delta2" else {}
        return {**usual_conditions(h, to), **far}

    return conditions


def _weight(h: HyperLike, to: Rounding, c1: str) -> Number:
    return to.work(1 - h.beta1) if c1 == "host" else 1 - to.work(h.beta1)


def _correction(h: HyperLike, t: int, to: Rounding, bias: str) -> Number:
    """One minus the power, in double or, from the rounded beta1 on, in the working type; 1 where nothing is corrected."""
    if bias in ("", "host"):
        return 1 - h.beta1**t if bias else 1
    beta1 = to.work(h.beta1)
    return 1 - (beta1**t if bias == "compute" else to.product(beta1, t))


def _stored(to: Rounding, x: Number) -> Number:
    return to.store(to.work(x))


@cache
def _constants(c1: str, bias: str, rounding: str, scalars: str) -> Callable[[HyperLike, int, Rounding], dict[str, Number]]:
    def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
        end = partial(_stored, to) if scalars == "storage" else to.work
        given = partial(_stored, to) if rounding == "kernel" else end
        weight = end(_weight(h, to, c1))
        correction = _correction(h, t, to, bias)
        rate = end((h.lr if bias in ("", "host") else to.work(h.lr)) / correction)
        lr = end(h.lr)
        return {
            "beta1": end(h.beta1),
            "beta2": end(h.beta2),
            "weight": weight,
            "minus_beta1": weight - 1,
            "eps": given(h.eps),
            "decay": given(h.weight_decay),
            "decay_rate": end(h.weight_decay * h.lr),
            "kept": end(1 - h.weight_decay * h.lr),
            "kept_fixed": end(1 - h.weight_decay),
            "rate": rate,
            "minus_rate": -rate,
            "lr": lr,
            "minus_lr": -lr,
            "correction": end(correction),
            "inverse": end(1 / to.work(correction)),
        }

    return constants


def _update(family: Family, axes: Axes) -> Callable[..., tuple[Scalar, Scalar, Scalar]]:
    """Put an update together; `keep` rounds to storage where the kernels of 16-bit types do."""
    keep = store if axes.round == "kernel" else _unchanged
    done = store if axes.round == "opmath" else _unchanged

    def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
        if c.maximize:
            g = -g
        if c.decaying and family.decay == "l2":
            g = keep(fma(p, c.decay, g) if axes.decayfma == "yes" else keep(c.decay * p) + g)
        m = keep(_moment(g, m, c, axes))
        u = _norm(g, u, c, family, keep)
        divisor = u + c.eps if family.eps == "divisor" else u
        p_new = keep(_ended(p, m, divisor, c, family, axes))
        return done(p_new), done(m), done(u)

    return update


def _unchanged(x: Scalar) -> Scalar:
    return x


def _moment(g: Scalar, m: Scalar, c: Constants, axes: Axes) -> Scalar:
    if axes.m == "sum":
        if axes.mfma == "g":
            return fma(c.weight, g, c.beta1 * m)
        return fma(c.beta1, m, c.weight * g) if axes.mfma == "m" else c.beta1 * m + c.weight * g
    factor, start = (c.minus_beta1, g) if axes.m == "delta2" and c.far else (c.weight, m)
    return fma(factor, g - m, start) if axes.mfma == "fused" else start + factor * (g - m)


def _norm(g: Scalar, u: Scalar, c: Constants, family: Family, keep: Callable[[Scalar], Scalar]) -> Scalar:
    old, new = keep(c.beta2 * u), abs(g)
    if family.eps == "max":
        new = keep(new + c.eps)
    if family.eps == "norm":
        old = keep(old + c.eps)
    if family.maximum == "both":
        return maximum(old, new)
    return greater(old, new) if family.maximum == "norm" else greater(new, old)


def _ended(p: Scalar, m: Scalar, d: Scalar, c: Constants, family: Family, axes: Axes) -> Scalar:
    """Decay the parameter where that comes first, and take the update off."""
    shrinks = c.decaying and family.decay in ("decoupled", "fixed")
    inner = shrinks and axes.decay == "inner"
    if shrinks and not inner:
        p = _shrunk(p, c, family, axes)
    direction = _direction(m, d, c, axes.final)
    if axes.final in ("F1", "F2", "F3") and axes.endfma == "no":
        whole = c.rate * direction if axes.final == "F2" else direction
        return p - (whole + c.lr * (c.decay * p) if inner else whole)
    if inner:
        direction = fma(c.decay, p, direction) if axes.decayfma == "yes" else direction + c.decay * p
    if axes.endfma == "yes":
        return fma(c.minus_rate if axes.final == "F2" else c.minus_lr, direction, p)
    return p - c.lr * direction


def _shrunk(p: Scalar, c: Constants, family: Family, axes: Axes) -> Scalar:
    fixed = family.decay == "fixed"
    if axes.decay == "factor":
        return p * (c.kept_fixed if fixed else c.kept)
    if axes.decayfma == "yes":
        return fma(-p, c.decay if fixed else c.decay_rate, p)
    return p - (p * c.decay if fixed else (p * c.decay) * c.lr)


def _direction(m: Scalar, d: Scalar, c: Constants, form: str) -> Scalar:
    """Return the whole update (F1, F3), or what is still to be multiplied by the rate (F2) or by lr (the others)."""
    if form == "F1":
        return (c.rate * m) / d
    if form == "F2":
        return m / d
    if form == "F3":
        return (c.lr * m) / (c.correction * d)
    if form == "F4c":
        return m / (c.correction * d)
    if form == "F5":
        return (m / d) / c.correction
    return (m / c.correction if form == "F4" else m * c.inverse) / d
