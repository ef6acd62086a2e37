"""Climbing instead of descending: the gradient's sign is turned before anything else happens to it.

Turning the update instead gives the same only as long as there is no weight decay.
"""

from adamax_ref.golden.design import Design

DESIGNS = (
    Design(
        "alone",
        "Gradients of both signs while climbing: the step goes with the gradient.",
        "S2",
        theta="1 -1",
        steps=("1/2 -1/4", "-1/8 1/2"),
        maximize=True,
    ),
    Design(
        "with-decay",
        "Climbing with decay: the gradient is turned first, decay joins it after.",
        "S2 S3",
        theta="2 -1",
        steps=("1/2 -1/4", "1/4 1/8"),
        hyper={"weight_decay": 0.125},
        maximize=True,
        flags="order-of-operations",
    ),
    Design(
        "against-decay",
        "Climbing while decay outweighs the gradient: what is turned after decay has joined goes the wrong way.",
        "S2 S3",
        theta="4 -2",
        steps=("1/4 1/2", "-1/2 1/4"),
        hyper={"weight_decay": 0.5},
        maximize=True,
        flags="order-of-operations",
    ),
)
