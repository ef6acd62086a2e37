"""Searched elements: the exact new parameter lies next to the middle between two numbers, where the last bit is at stake.

Between them the elements tell apart every two orders of operations that any of the elements drawn tells apart.
"""

from adamax_ref.golden.design import USUAL, Design
from adamax_ref.golden.search import Search

_OTHER = {"lr": 0.3, "beta1": 0.3, "beta2": 0.98, "eps": 1e-3}

DESIGNS = (
    Design(
        "usual",
        "Next to a middle, with the usual hyperparameters: a result that was rounded twice, or fused, falls to the other side.",
        "S4 S5 S6 S8",
        search=Search(),
        hyper={**USUAL, "lr": 0.1},
        t=2,
        flags="hard-rounding needs-binary64 fma-visible",
    ),
    Design(
        "small-beta1",
        "Next to a middle, with a beta1 below one half, where some implementations turn the average round.",
        "S4 S5 S6 S8",
        search=Search(),
        hyper=_OTHER,
        t=1,
        flags="hard-rounding needs-binary64 fma-visible",
        level="lead",
    ),
    Design(
        "decay",
        "Next to a middle, with weight decay: where it is rounded and whether its product is fused decides the last bit.",
        "S3 S7",
        search=Search(),
        hyper={**_OTHER, "beta1": 0.9, "weight_decay": 0.07},
        t=4,
        flags="hard-rounding needs-binary64 fma-visible order-of-operations",
    ),
)
