"""``paddle.optimizer.Adamax``: epsilon joins the decayed norm, again at every step."""

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import greater
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Form the scalars: attributes of the kernel are float32, the learning rate and the power arrays of the parameter's type."""
    beta1, beta2, eps = (to.work(to.single(x)) for x in (h.beta1, h.beta2, h.eps))
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": beta2,
        "eps": eps,
        "decay": to.work(h.weight_decay),
        "rate": to.work(h.lr) / (1 - to.product(to.work(h.beta1), t)),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``phi::AdamaxKernel``, on Eigen expressions; the L2 term is added by Python before."""
    if c.decaying:
        g = g + c.decay * p
    m = c.beta1 * m + c.weight * g
    u = greater(abs(g), c.beta2 * u + c.eps)
    return p - c.rate * (m / u), m, u


DIALECT = Dialect(
    name="paddle",
    title="PaddlePaddle, CPU",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps", "l2"}),
    profiles=("f64", "f32"),
    family=Family(eps="norm", decay="l2", bias="product", maximum="gradient"),
    provenance=Provenance(
        framework="PaddlePaddle",
        versions="3.3.1",
        source="paddle/phi/kernels/impl/adamax_kernel_impl.h (AdamaxKernel); python/paddle/optimizer/adamax.py",
        evidence=Evidence.LIVE,
        measured="paddlepaddle 3.3.1",
        links=("https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/optimizer/Adamax_en.html",),
    ),
    quirks=(
        "Epsilon is added to the norm at every step, so that an idle norm grows towards eps/(1-beta2).",
        "A NaN gradient makes the norm NaN until the next finite gradient; the moment and the parameter stay NaN.",
        "In float64 beta1, beta2 and eps pass through float32 on their way to moment and norm, but not to the bias "
        "correction, which therefore corrects with another beta1.",
        "The power of beta1 is a running product kept beside the parameter; there are no CPU kernels for 16 bits.",
        "Gradient clipping comes before the decay.",
    ),
)
