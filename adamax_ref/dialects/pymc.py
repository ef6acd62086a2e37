"""PyMC's ``adamax`` on PyTensor: Lasagne's text on the successor of Theano.

Read in pymc/variational/updates.py of PyMC 5.28.5 and run on PyTensor 2.38.3.
"""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum
from adamax_ref.recipe.types import Constants, HyperLike, Number, Rounding, Scalar


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Everything in floatX, the number of the step too; there is one for all parameters."""
    beta1 = to.work(h.beta1)
    return {
        "beta1": beta1,
        "weight": 1 - beta1,
        "beta2": to.work(h.beta2),
        "eps": to.work(h.eps),
        "rate": to.work(h.lr) / (1 - beta1**t),
    }


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``adamax``, as both compilers fuse it on a processor that has a fused multiply-add."""
    m = fma(c.weight, g, c.beta1 * m)
    u = maximum(c.beta2 * u, abs(g))
    return p - (c.rate * m) / (u + c.eps), m, u


_base = Dialect(
    name="pymc",
    title="PyMC on PyTensor for CPU, compiled with Numba",
    update=update,
    constants=constants,
    defaults=Hyperparameters(lr=2e-3),
    options=frozenset({"eps"}),
    profiles=("f64", "f32"),
    in_corpus=False,
    family=Family(eps="divisor", decay="none", bias="compute"),
    provenance=Provenance(
        framework="PyMC",
        versions="5.28.5",
        source="pymc/variational/updates.py (adamax); the fused multiply-add is the compiler's",
        evidence=Evidence.LIVE,
        measured="pymc 5.28.5, pytensor 2.38.3",
        links=("https://www.pymc.io/projects/docs/en/stable/api/vi.html",),
    ),
    quirks=(
        "Compiled with Numba or to C, the moment is formed with a fused multiply-add where the processor has one.",
        "1-beta1 is formed in floatX from the rounded beta1.",
        "The number of the step is a number of floatX: in float32 it stands still at 2**24.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "c": replace(
            _base,
            name="pymc/c",
            title="PyMC on PyTensor for CPU, compiled to C",
            profiles=("f64",),
            quirks=(
                "In float32 the C code has its constants as decimal numbers in double, so that "
                "each product with one is formed in double; that is not modelled.",
                *_base.quirks[:2],
            ),
        )
    },
)
