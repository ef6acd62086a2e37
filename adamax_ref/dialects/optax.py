"""optax's ``adamax`` and ``adamaxw`` on XLA, which rewrites them by compilation and by the number of arrays."""

from functools import partial
from typing import Literal

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance, usual_conditions
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, Number, Rounding, Scalar

Bias = Literal["separate", "reciprocal", "joined"]
"""How the moment is corrected: divided before the norm divides it, times the reciprocal, or with one divisor."""


def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
    """In 16 bits XLA fuses nothing; in bfloat16 it leaves the division as it is written, in float16 it never does."""
    half, brain = (to.storage.name == name for name in ("binary16", "bfloat16"))
    return {**usual_conditions(h, to), "half": half, "brain": brain}


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Form the scalars: the correction in the working type, cast to the type of the moment."""
    correction = to.store(1 - to.work(h.beta1) ** t)
    return {
        "beta1": to.store(to.work(h.beta1)),
        "weight": to.store(to.work(1 - h.beta1)),
        "beta2": to.store(to.work(h.beta2)),
        "eps": to.store(to.work(h.eps)),
        "decay": to.store(to.work(h.weight_decay)),
        "minus_lr": to.store(to.work(-h.lr)),
        "correction": correction,
        "inverse": to.store(1 / correction),
    }


def _direction(m: Scalar, u: Scalar, c: Constants, bias: Bias) -> Scalar:
    """``(m / correction) / u``; a division by a scalar that every element shares becomes a product where XLA sees it."""
    if c.half or (bias == "reciprocal" and not c.brain):
        return (m * c.inverse) / u
    if bias == "joined" and not c.brain:
        return m / (c.correction * u)
    return (m / c.correction) / u


def update(
    p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants, bias: Bias, fused: bool, applied: bool
) -> tuple[Scalar, Scalar, Scalar]:
    """`bias` is where the correction went, `fused` whether the update was compiled, `applied` the last line too."""
    narrow = c.half or c.brain
    fused, applied = fused and not narrow, applied and not narrow
    m = fma(c.weight, g, c.beta1 * m) if fused else (c.weight * g) + (c.beta1 * m)
    u = maximum(abs(g) + c.eps, c.beta2 * u)
    d = _direction(m, u, c, bias)
    if c.decaying:
        d = fma(c.decay, p, d) if fused else d + c.decay * p
    return fma(c.minus_lr, d, p) if applied else p + c.minus_lr * d, m, u


def _dialect(part: str, title: str, bias: Bias, fused: bool, applied: bool, variants: dict[str, Dialect] | None = None) -> Dialect:
    return Dialect(
        name=f"optax/{part}" if part else "optax",
        title=f"optax on XLA for CPU, {title}",
        update=partial(update, bias=bias, fused=fused, applied=applied),
        constants=constants,
        conditions=conditions,
        defaults=Hyperparameters(lr=1e-3),
        options=frozenset({"eps", "decoupled"}),
        profiles=("f64", "f32", "f16", "bf16"),
        family=Family(eps="max", decay="decoupled", bias="compute"),
        flushes=True,
        stepwise=True,
        provenance=Provenance(
            framework="optax",
            versions="0.2.8",
            source="optax/_src/transform.py (scale_by_adamax), alias.py (adamax, adamaxw); the rewriting is XLA's",
            evidence=Evidence.LIVE,
            measured="optax 0.2.8, jax 0.10.2",
            links=("https://optax.readthedocs.io/en/latest/api/optimizers.html#adamax",),
        ),
        quirks=(
            "The number of arrays in the tree of parameters changes the bits, and so does jit.",
            "There is no default learning rate; adamaxw has a weight decay of 1e-4 by default, added to the direction.",
            "Subnormal numbers are zeros on XLA's CPU.",
            "In float16 the default eps rounds to 0: a zero gradient at the first step gives 0/0 = NaN.",
        ),
        variants=variants or {},
    )


DIALECT = _dialect(
    "",
    "op by op, one array",
    "reciprocal",
    False,
    False,
    {
        "many": _dialect("many", "op by op, several arrays", "separate", False, False),
        "jit": _dialect("jit", "jit of update and apply, one array", "reciprocal", True, True),
        "jit-many": _dialect("jit-many", "jit of update and apply, several arrays", "joined", True, True),
        "jit-update": _dialect("jit-update", "jit of update alone, one array", "reciprocal", True, False),
        "jit-update-many": _dialect("jit-update-many", "jit of update alone, several arrays", "joined", True, False),
    },
)
