"""Runs that start from given state, as after loading a checkpoint.

Counter, moment and norm are inputs like the parameter: starting any of them from zero shows.
"""

from adamax_ref.golden.design import Design

DESIGNS = (
    Design(
        "given",
        "Counter, moment and norm are given and clearly different from each other.",
        "S1 S4 S5 S6",
        theta="1 -1",
        m="1/4 -1/2",
        u="2 1",
        t=4,
        steps=("1/2 1/4", "-1/4 1/8"),
    ),
    Design(
        "counter-alone",
        "Only the counter is given: the correction is that of step 6, the state that of a first step.",
        "S1 S6",
        theta="1 -1",
        t=5,
        steps=("1/2 -1/4",),
    ),
    Design(
        "norm-alone",
        "The norm is given and the moment is zero.",
        "S4 S5",
        theta="1 -1",
        u="2 1/2",
        t=2,
        steps=("1/2 -1/4", "1/4 1/4"),
    ),
    Design(
        "moment-alone",
        "The moment is given and the norm is zero.",
        "S4 S5",
        theta="1 -1",
        m="1/2 -3/8",
        t=2,
        steps=("1/4 -1/8", "1/8 1/16"),
        level="lead",
    ),
    Design(
        "moment-above-norm",
        "The moment is given larger than the norm, so the steps are longer than the learning rate, and must be.",
        "S4 S5 S8",
        theta="1 -1",
        m="1 -3/2",
        u="1/4 1/2",
        t=4,
        steps=("1/8 1/4", "1/16 -1/8"),
    ),
    Design(
        "late-and-foreign",
        "A late counter with state from elsewhere: the correction has faded, the state has not.",
        "S1 S6",
        theta="1 -1",
        m="-1/2 1/4",
        u="1/2 4",
        t=60,
        steps=("1/8 -1/2", "1/4 1/2"),
        level="lead",
    ),
    Design(
        "through",
        "Four steps from zero state, whose second half is the case `resumed`.",
        "S1 S4 S5 S6",
        theta="1 -1",
        steps=("1/2 -1", "1/4 1/2", "1/8 -1/4", "-1/2 1/4"),
        hyper={"eps": 0.0, "beta1": 0.5, "beta2": 0.5, "lr": 0.375},
        report=(2, 4),
        level="lead",
    ),
    Design(
        "resumed",
        "The second half of the case `through`, from the state it has reached after two steps.",
        "S1 S4 S5 S6",
        theta="1/8 -5/8",
        m="1/4 0",
        u="1/4 1/2",
        t=2,
        steps=("1/8 -1/4", "-1/2 1/4"),
        hyper={"eps": 0.0, "beta1": 0.5, "beta2": 0.5, "lr": 0.375},
        level="lead",
    ),
)
