"""The signs of zeros, which no difference shows but bits do.

IEEE 754 says what they must be once the order of operations is fixed.
"""

from adamax_ref.golden.design import Design

DESIGNS = (
    Design(
        "parameter",
        "A parameter of -0 and one of +0 under updates of either sign that are too small to matter, or zero.",
        "S8",
        theta="-0 -0 0 0",
        steps=("1 -1 1 -1",),
        hyper={"lr": 0.0},
        flags="strict-zero lr-zero",
        profiles=("f64", "f32"),
    ),
    Design(
        "moment",
        "A moment of -0 meets gradients of 0: the sum of zeros of unlike sign is +0.",
        "S4",
        theta="1 -1",
        m="-0 -0",
        u="1 1",
        t=1,
        steps=("0 -0",),
        profiles=("f64", "f32"),
        level="lead",
    ),
)
