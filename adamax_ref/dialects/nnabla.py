"""Sony's nnabla; read from the source."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Single precision, but the correction in double from the rounded beta1, inverted and rounded."""
    beta1 = to.single(h.beta1)
    inverse = to.single(1 / (1 - to.double(beta1) ** t))
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.single(h.beta2),
        "eps": to.single(h.eps),
        "rate": to.single(h.lr) * inverse,
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``Adamax<T>::update_impl``."""
    m = c.beta1 * m + c.weight * g
    u = greater(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="nnabla",
    title="nnabla",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps"}),
    profiles=("f32",),
    family=Family(eps="divisor", decay="none", bias="compute", maximum="norm"),
    provenance=Provenance(
        framework="nnabla", versions="at 2814df0d", source="src/nbla/solver/generic/adamax.cpp", evidence=Evidence.SOURCE
    ),
    quirks=(
        "Its documentation shows a square root of 1-beta2**t that the code does not have.",
        "Weight decay is a separate call.",
        "Whether a compiler fuses its multiply-adds was not established; here none is fused.",
    ),
)
