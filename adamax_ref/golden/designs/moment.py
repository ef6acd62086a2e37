"""The first moment: an exponential average of gradients with their signs.

A constant gradient, an impulse, a change of sign and a moment that stays negative each single out another slip.
"""

from adamax_ref.golden.design import USUAL, WIDE, Design

DESIGNS = (
    Design(
        "sign-changes",
        "Gradients change their sign at every step, so the moment nearly cancels while the norm does not.",
        "S4",
        theta="1 -1",
        steps=("1 -1/2", "-1 1/2", "1 -1/2"),
        flags="cancellation",
    ),
    Design(
        "impulse",
        "One impulse and then zeros: moment and norm die away, each at its own rate.",
        "S4 S5",
        theta="1",
        steps=("1", "0", "0", "0"),
        flags="zero-gradient shrinking-gradient",
    ),
    Design(
        "beta1-zero",
        "With beta1 = 0 the moment is the gradient and there is no correction.",
        "S4 S6",
        theta="1 -1",
        steps=("3/4 -1/2", "-1/8 1"),
        hyper={"beta1": 0.0},
    ),
    Design(
        "negative",
        "The moment is negative from the start and stays so.",
        "S4",
        theta="1 -1",
        m="-1/4 -1",
        u="1/2 2",
        t=3,
        steps=("-1/2 -1/4", "-3/8 -1"),
        flags="negative-gradient",
        level="lead",
    ),
    Design(
        "before-or-after",
        "The update uses the moment after this step's gradient has joined it.",
        "S4 S8",
        theta="1 1",
        m="1/2 -1/2",
        u="1 1",
        t=1,
        steps=("-1 3/4", "1/2 1/2"),
        flags="order-of-operations",
    ),
    Design(
        "many-digits",
        "With beta1 = 0.9 the constant 1 - beta1 has digits that differ by where it is rounded.",
        "S4",
        theta="1 -1",
        steps=("5/8 -3/4", "7/8 1/4"),
        hyper={"beta1": USUAL["beta1"]},
        profiles=WIDE,
        flags="needs-binary64 fma-visible",
        level="lead",
    ),
    Design(
        "cancel-nearly",
        "A gradient that nearly cancels the old moment leaves a few last digits, which a rearranged formula loses.",
        "S4",
        theta="1 1",
        m="3/4 -3/4",
        u="2 2",
        t=5,
        steps=("-9/4+4*ulp 9/4+-4*ulp",),
        profiles=WIDE,
        flags="cancellation fma-visible",
        level="lead",
    ),
)
