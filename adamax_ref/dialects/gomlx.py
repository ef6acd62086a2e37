"""GoMLX (Go): the moment is multiplied by a reciprocal; read from source, not measured.

Read in gomlx/gomlx at 486d1f07: ml/train/optimizer/adam.go (``applyAdamGraph``, with
``Adam().Adamax()``). In doubt is what XLA, or GoMLX's own backend, makes of the graph.
"""

from adamax_ref.recipe.dialect import Dialect, Evidence, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Constants of the graph, all of the type of the loss; the step is a number of that type."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "decay": to.work(h.weight_decay),
        "inverse": 1 / (1 - beta1**t),
        "lr": to.work(h.lr),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``applyAdamGraph``, as written."""
    m = c.beta1 * m + c.weight * g
    u = maximum(c.beta2 * u, abs(g))
    d = (c.lr * (m * c.inverse)) / (u + c.eps)
    if c.decaying:
        d = d + c.lr * (p * c.decay)
    return p - d, m, u


DIALECT = Dialect(
    name="gomlx",
    title="GoMLX (Go)",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=1e-3, eps=1e-7),
    options=frozenset({"eps", "decoupled"}),
    profiles=("f64", "f32"),
    family=None,
    provenance=Provenance(
        framework="GoMLX",
        versions="at 486d1f07",
        source="ml/train/optimizer/adam.go (applyAdamGraph)",
        evidence=Evidence.SOURCE,
        links=("https://pkg.go.dev/github.com/gomlx/gomlx",),
    ),
    quirks=(
        "The corrected moment is multiplied by the learning rate before it is divided: an order "
        "that no permitted recipe has, so that nothing but itself counts as right.",
        "Adamax is a switch of Adam; the norm is named second moment in its state.",
        "The type is that of the loss unless adam_dtype names another.",
        "Which operand of its maximum lets a NaN through was not established; here either does.",
    ),
)
