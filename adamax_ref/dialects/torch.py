"""``torch.optim.Adamax`` on the CPU, since PyTorch 2.1, when the moment became a ``lerp``."""

from typing import Any

from adamax_ref.law.dialect import Dialect, Provenance, usual_conditions
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.operations import fma, maximum, store


def conditions(h: Any, to: Any) -> dict[str, bool]:
    """``lerp`` starts from the other end once the rounded weight reaches one half; some decay in two roundings.

    ``add(alpha)`` is fused in the vector loop. Complex numbers, and what the 16-bit loop leaves over, have the product
    rounded first.
    """
    usual = usual_conditions(h, to)
    apart = to.place == "pair" or (to.place == "tail" and to.storage is not to.working)
    return {**usual, "far": to.work(1 - h.beta1) >= 0.5, "apart": usual["decaying"] and apart}


def constants(h: Any, t: int, to: Any) -> dict[str, Any]:
    """Python floats up to the last moment; epsilon and decay reach a 16-bit kernel in its own type."""
    weight = to.work(1 - h.beta1)
    return {
        "weight": weight,
        "minus_beta1": weight - 1,
        "beta2": to.work(h.beta2),
        "eps": to.store(to.work(h.eps)),
        "decay": to.store(to.work(h.weight_decay)),
        "minus_rate": to.work(-(h.lr / (1 - h.beta1**t))),
    }


def update(p: Any, g: Any, m: Any, u: Any, c: Any) -> tuple[Any, Any, Any]:
    """``neg``, ``add(alpha)``, ``lerp_``, ``mul_``/``abs``/``add_``/``maximum``, ``addcdiv_``."""
    if c.maximize:
        g = -g
    if c.decaying:
        g = store(store(p * c.decay) + g) if c.apart else store(fma(p, c.decay, g))
    toward = g - m
    m = store(fma(c.minus_beta1, toward, g) if c.far else fma(c.weight, toward, m))
    u = maximum(store(u * c.beta2), store(abs(g) + c.eps))
    p = store(p + (c.minus_rate * m) / u)
    return p, m, u


DIALECT = Dialect(
    name="torch",
    title="PyTorch 2.1 and later, CPU with fused multiply-add",
    update=update,
    constants=constants,
    conditions=conditions,
    defaults=Hyperparameters(),
    vector=32,
    provenance=Provenance(
        framework="PyTorch",
        versions="2.1 to 2.13, measured on 2.13.0",
        source="torch/optim/adamax.py (_single_tensor_adamax); aten/src/ATen/native/cpu/LerpKernel.cpp, PointwiseOpsKernel.cpp",
        checked="live",
        links=("https://docs.pytorch.org/docs/2.8/generated/torch.optim.Adamax.html",),
    ),
    quirks=(
        "Epsilon is added to |g| inside the maximum, so it is part of the stored norm and decays with it.",
        "For a weight 1-beta1 of one half or more lerp is evaluated from the gradient's end, with other roundings.",
        "In float16 the default eps rounds to 0: a zero gradient at the first step gives 0/0 = NaN.",
        "In bfloat16 beta2 * u rounds back to u for beta2 = 0.999: the norm never decays.",
        "With weight decay in float16 and bfloat16 the elements after the last full vector of 32, and all of a strided "
        "array, have the product decay * p rounded before it is added; so a result depends on the element's position.",
        "A complex parameter decays as a complex product: an infinite part makes the other part NaN, which no dialect "
        "of independent reals can follow; for finite numbers the bits are those of this one.",
        "Values given for one parameter group are not validated by PyTorch.",
    ),
)
