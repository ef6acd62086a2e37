"""TensorFlow.js's ``tf.train.adamax``, on its CPU backend."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """JavaScript numbers become float32 as they meet a tensor; the power is a variable multiplied after each step."""
    correction = 1 - to.product(to.work(h.beta1), t)
    return {
        "beta1": to.work(h.beta1),
        "weight": to.work(1 - h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "minus_rate": to.work(-h.lr) / correction,
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``AdamaxOptimizer.applyGradients``."""
    m = m * c.beta1 + g * c.weight
    u = maximum(u * c.beta2, abs(g))
    return c.minus_rate * (m / (u + c.eps)) + p, m, u


DIALECT = Dialect(
    name="tfjs",
    title="TensorFlow.js, CPU backend",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3, eps=1e-7),
    options=frozenset({"eps"}),
    profiles=("f32",),
    family=Family(eps="divisor", decay="none", bias="product"),
    provenance=Provenance(
        framework="TensorFlow.js",
        versions="4.22.0",
        source="tfjs-core/src/optimizers/adamax_optimizer.ts",
        evidence=Evidence.LIVE,
        measured="@tensorflow/tfjs-core 4.22.0",
        links=("https://js.tensorflow.org/api/latest/#train.adamax",),
    ),
    quirks=(
        "An epsilon that is not given is the backend's: 1e-7, or 1e-4 on 16-bit WebGL.",
        "Its option decay lowers the learning rate, lr/(1 + decay*(t-1)); there is no weight decay.",
        "The step number and the power advance for all variables together, even for one without a gradient.",
        "State belongs to the position in the map of gradients, not to the name of the variable.",
    ),
)
