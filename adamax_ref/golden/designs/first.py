"""The very first step, from zero state: the bias correction turns it into a step of about the learning rate.

The length of this step must not depend on the gradient's size, and its sign must be against the gradient's.
"""

from adamax_ref.golden.design import USUAL, WIDE, Design

DESIGNS = (
    Design(
        "any-size",
        "The first step is as long for a tiny gradient as for a huge one; without the correction or with a root it is not.",
        "S6 S8",
        theta="1 1 1 1",
        steps=("2^30 -2^10 2^-10 -2^-30",),
        hyper={"eps": 2.0**-60},
        profiles=WIDE,
        flags="bias-early negative-gradient",
    ),
    Design(
        "any-size-no-eps",
        "Without epsilon the first step is exactly as long for every size of gradient.",
        "S5 S6",
        theta="1 1 -1 -1",
        steps=("64 -3 1/16 -1/128",),
        hyper={"eps": 0.0},
        flags="bias-early negative-gradient",
        level="lead",
    ),
    Design(
        "beta1-half",
        "With beta1 = 1/2 the weight of the gradient reaches one half, where some implementations turn the formula round.",
        "S4 S6",
        theta="1 -1",
        steps=("3/4 -5/8",),
        hyper={"beta1": 0.5},
        flags="bias-early",
    ),
    Design(
        "beta1-quarter",
        "With beta1 = 1/4 the gradient outweighs the old moment, at the first step and at the second.",
        "S4 S6",
        theta="1 -1",
        steps=("3/4 -5/8", "-1/2 7/8"),
        hyper={"beta1": 0.25},
        flags="bias-early",
        level="lead",
    ),
    Design(
        "magnitudes",
        "Each element has a norm of its own: one maximum for the whole tensor would starve the small ones.",
        "S5",
        theta="1 1 1",
        steps=("8 1/4 -1/32", "1/2 1/64 1/16"),
        flags="bias-early",
    ),
    Design(
        "usual",
        "The hyperparameters that most frameworks start from, at the first step and at the second.",
        "S4 S5 S6 S8",
        theta="1 -1/2",
        steps=("1/2 -1/4", "3/4 -1/8"),
        hyper=USUAL,
        flags="bias-early needs-binary64",
    ),
    Design(
        "large-rate",
        "A learning rate above 1 is legal and acts in full from the first step.",
        "S8",
        theta="1 -1",
        steps=("1/2 1/4",),
        hyper={"lr": 3.0},
        flags="bias-early",
        level="lead",
    ),
)
