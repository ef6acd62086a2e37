"""Numbers at both ends of the range, where an intermediate result may overflow or vanish although the answer does not.

Squares, reciprocals and products in another order show here.
"""

from adamax_ref.golden.design import WIDE, Design


def _overflow(lr: float, profiles: tuple[str, ...]) -> Design:
    return Design(
        "parameter-overflows",
        "The new parameter lies beyond the largest number, so it becomes an infinity of its sign.",
        "S8",
        theta="-max max max",
        steps=("1 -1 1",),
        hyper={"lr": lr, "beta1": 0.0, "eps": 0.0},
        profiles=profiles,
        flags="near-overflow infinity",
        level="lead",
    )


DESIGNS = (
    Design(
        "square-overflows",
        "Gradients whose squares overflow: Adam's root of an average would be infinite.",
        "S5",
        theta="1 -1",
        steps=("max/4 -max/8", "max/8 max/16"),
        flags="near-overflow",
    ),
    Design(
        "square-underflows",
        "Gradients whose squares vanish: Adam's root of an average would be 0.",
        "S5",
        theta="1 -1",
        steps=("norm*64 -norm*128", "norm*32 norm*96"),
        hyper={"eps": 0.0},
    ),
    Design(
        "near-largest",
        "A gradient of half the largest number, from zero state and beside a moment of the same sign.",
        "S4 S5",
        theta="1 -1",
        m="0 max/4",
        u="0 max/4",
        t=1,
        steps=("max/2 max/4",),
        flags="near-overflow",
        level="lead",
    ),
    Design(
        "subnormal-gradient",
        "Subnormal gradients: the norm keeps them, flushing them to zero gives 0/0.",
        "S5",
        theta="1 -1",
        steps=("tiny*96 -tiny*64", "tiny*32 tiny*80"),
        hyper={"eps": 0.0, "beta2": 0.5},
        profiles=WIDE,
        flags="subnormal",
    ),
    Design(
        "subnormal-state",
        "Moment and norm are subnormal and their quotient is an ordinary number.",
        "S4 S5 S8",
        theta="1 -1",
        m="tiny*256 -tiny*512",
        u="tiny*1024 tiny*2048",
        t=4,
        steps=("tiny*128 tiny*256",),
        hyper={"eps": 0.0},
        profiles=WIDE,
        flags="subnormal",
        level="lead",
    ),
    Design(
        "reciprocal-overflows",
        "The norm is so small that 1/u overflows, while m/u is an ordinary number.",
        "S8",
        theta="1 -1",
        m="norm/16 -norm/32",
        u="norm/8 norm/16",
        t=9,
        steps=("norm/32 -norm/16",),
        hyper={"eps": 0.0},
        profiles=WIDE,
        flags="subnormal",
    ),
    Design(
        "norm-below-2-40",
        "A norm below 2^-40 is no reason to stop dividing.",
        "S8",
        theta="1 -1",
        steps=("2^-44 -2^-45", "2^-46 2^-44"),
        hyper={"eps": 0.0},
        profiles=("f64", "f32", "bf16"),
        level="lead",
    ),
    Design(
        "absorbed",
        "The update is below half of the parameter's last digit and must leave it as it is.",
        "S8",
        theta="2^12 -2^13",
        steps=("1/2 -1/4",),
        hyper={"lr": 2.0**-44},
        flags="absorbed-update",
        level="lead",
    ),
    Design(
        "crossing",
        "The parameter crosses zero within a step, and its last digits with it.",
        "S8",
        theta="1/16+ulp -1/32",
        steps=("1/2 -1/4", "-1/4 1/8"),
        flags="cancellation",
        profiles=WIDE,
    ),
    _overflow(2.0**126, ("f32", "bf16")),
    _overflow(2.0**15, ("f16",)),
)
