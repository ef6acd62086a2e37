"""``mlx.optimizers.Adamax``: no bias correction."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats take the type of the array they meet; the learning rate is a float32 array first."""
    return {
        "beta1": to.store(to.work(h.beta1)),
        "weight": to.store(to.work(1 - h.beta1)),
        "beta2": to.store(to.work(h.beta2)),
        "eps": to.store(to.work(h.eps)),
        "lr": to.store(to.work(to.single(h.lr))),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``Adamax.apply_single``."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.lr * m) / (u + c.eps), m, u


DIALECT = Dialect(
    name="mlx",
    title="Apple MLX, CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32", "f16", "bf16"),
    family=Family(eps="divisor", decay="none", bias="none"),
    stepwise=True,
    provenance=Provenance(
        framework="MLX",
        versions="0.32.4",
        source="python/mlx/optimizers/optimizers.py (Adamax)",
        evidence=Evidence.LIVE,
        measured="mlx 0.32.4",
        links=("https://ml-explore.github.io/mlx/build/html/python/optimizers/_autosummary/mlx.optimizers.Adamax.html",),
    ),
    quirks=(
        "There is no bias correction: the first step is (1-beta1)*lr long instead of lr.",
        "There is no default learning rate, and nothing is validated.",
        "The learning rate is a float32 array, for float64 parameters too.",
        "In float16 the default eps rounds to 0: a zero gradient at the first step gives 0/0 = NaN.",
        "In bfloat16 beta2 = 0.999 rounds to 1: the norm never decays.",
    ),
)
