"""Weight decay: coupled decay joins the gradient, decoupled decay shrinks the parameter by itself.

The parameter changes by more than rounding from step to step, so using the wrong parameter or the wrong moment shows.
"""

from adamax_ref.golden.design import WIDE, Design, Gradient

DESIGNS = (
    Design(
        "few-bits",
        "Decay of 1/8 with a parameter that matters: it enters through the dialect's door and no other.",
        "S3 S7",
        theta="2 -4",
        steps=("1/4 1/2", "1/2 -1/4", "-1/4 1/8"),
        hyper={"weight_decay": 0.125},
        flags="order-of-operations",
    ),
    Design(
        "many-bits",
        "Decay of 0.01, whose digits depend on where it is rounded and whether the product is fused.",
        "S3 S7",
        theta="5/4 -11/8",
        steps=("3/8 -5/8", "-7/8 1/4"),
        hyper={"weight_decay": 0.01},
        profiles=WIDE,
        flags="needs-binary64 fma-visible",
        level="lead",
    ),
    Design(
        "moving",
        "The parameter moves by more than its own size, so decay of the old and of the new parameter differ.",
        "S3 S7",
        theta="1/4 -1/4",
        steps=("1 1", "1/2 -1", "1 1"),
        hyper={"weight_decay": 0.25, "lr": 0.5},
        flags="order-of-operations",
    ),
    Design(
        "moving-far",
        "Each step carries the parameter to several times its size, so decay that comes after the update acts on another number.",
        "S3 S7",
        theta="1/8 -1/8",
        steps=("1 -1", "1/2 -1"),
        hyper={"weight_decay": 1.5, "lr": 0.5, "eps": 0.25},
        flags="order-of-operations eps-visible",
    ),
    Design(
        "zero-gradient",
        "With a zero gradient decay alone acts.",
        "S3 S7",
        theta="1 -2",
        steps=("0 0", "0 0"),
        hyper={"weight_decay": 0.125, "eps": 0.015625},
        flags="zero-gradient",
        level="lead",
    ),
    Design(
        "large",
        "Decay of 3/2, larger than the gradient's share.",
        "S3 S7",
        theta="1 -1",
        steps=("1/4 1/4", "-1/4 1/8"),
        hyper={"weight_decay": 1.5},
        level="lead",
    ),
    Design(
        "with-schedule",
        "Decay with a learning rate that changes: decoupled decay follows the rate, coupled decay does not.",
        "S3 S7",
        theta="1 -1",
        steps=(Gradient("1/2 -1/4", 0.25), Gradient("1/4 1/2", 0.03125)),
        hyper={"weight_decay": 0.125},
    ),
    Design(
        "against",
        "Decay points against the gradient and outweighs it, so the gradient changes its sign.",
        "S3 S7",
        theta="4 -4",
        steps=("-1/4 1/4", "-1/8 1/2"),
        hyper={"weight_decay": 0.25},
        level="lead",
    ),
)
