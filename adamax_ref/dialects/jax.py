"""``jax.example_libraries.optimizers.adamax``, op by op and compiled by XLA.

Read in jax/example_libraries/optimizers.py of JAX 0.10.2 and run. TensorFlow.js computes the same
function; here the correction is formed in the type of the moment, and how the power is formed
depends on what the number of the step is.
"""

from functools import partial

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance, usual_conditions
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, Number, Rounding, Scalar


def _by_squaring(base: Number, exponent: int, to: Rounding) -> Number:
    """Multiply as ``lax.integer_pow`` does, from the lowest bit of the exponent."""
    power: Number | None = None
    while exponent:
        if exponent & 1:
            power = base if power is None else to.store(power * base)
        exponent >>= 1
        base = to.store(base * base) if exponent else base
    assert power is not None
    return power


def constants(h: HyperLike, t: int, to: Rounding, traced: bool) -> dict[str, Number]:
    """Python numbers take the type of the moment; `traced` is the number of a step under ``jit``."""
    beta1 = to.store(to.work(h.beta1))
    power = to.store(beta1**t) if traced else _by_squaring(beta1, t, to)
    return {
        "beta1": beta1,
        "weight": to.store(to.work(1 - h.beta1)),
        "beta2": to.store(to.work(h.beta2)),
        "eps": to.store(to.work(h.eps)),
        "rate": to.store(to.store(to.work(h.lr)) / to.store(1 - power)),
    }


def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
    """In 16 bits XLA fuses nothing."""
    return {**usual_conditions(h, to), "fusing": to.storage is to.working}


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants, compiled: bool) -> tuple[Scalar, Scalar, Scalar]:
    """``update`` inside ``adamax``; XLA fuses one product and sum where it is `compiled`."""
    fused = compiled and c.fusing
    m = fma(c.weight, g, c.beta1 * m) if fused else c.weight * g + c.beta1 * m
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


def _dialect(name: str, title: str, compiled: bool, *variants: Dialect) -> Dialect:
    return Dialect(
        name=name,
        title=f"jax.example_libraries on XLA for CPU, {title}",
        update=partial(update, compiled=compiled),
        constants=partial(constants, traced=compiled),
        conditions=conditions,
        defaults=Hyperparameters(lr=1e-3),
        options=frozenset({"eps"}),
        profiles=("f64", "f32", "f16", "bf16"),
        in_corpus=False,
        family=Family(eps="divisor", decay="none", bias="compute"),
        flushes=True,
        stepwise=True,
        provenance=Provenance(
            framework="jax.example_libraries",
            versions="0.10.2",
            source="jax/example_libraries/optimizers.py (adamax); the rewriting is XLA's",
            evidence=Evidence.LIVE,
            measured="jax 0.10.2",
            links=("https://docs.jax.dev/en/latest/jax.example_libraries.optimizers.html",),
        ),
        quirks=(
            "beta1**t is formed by repeated squaring where the number of the step is a number, and "
            "by the library's power where it is traced: jit changes the bias correction.",
            "The caller counts the steps, from 0; the state holds no counter.",
            "There is no default learning rate.",
            "Subnormal numbers are zeros on XLA's CPU.",
            "In float16 the default eps rounds to 0: a zero gradient at the first step gives 0/0 = NaN.",
        ),
        variants={each.name.partition("/")[2]: each for each in variants},
    )


DIALECT = _dialect("jax", "op by op", False, _dialect("jax/jit", "jit of the update", True))
