"""The first things to get right: one step in round numbers, and a step that must change nothing.

If these fail, look at the adapter before you look at the algorithm.
"""

from adamax_ref.golden.design import Design

DESIGNS = (
    Design(
        "one-step",
        "One step from zero state in powers of two: every line of the algorithm once.",
        "S1 S4 S5 S6 S8",
        theta="1 -2",
        steps=("1 -1/2",),
    ),
    Design(
        "two-steps",
        "Two steps with a growing gradient: state is carried over and the counter advances.",
        "S1 S4 S5 S6 S8",
        theta="1 -1",
        steps=("1/2 -1/2", "1 1/4"),
        flags="growing-gradient",
        level="lead",
    ),
    Design(
        "lr-zero",
        "With a learning rate of 0 the parameter keeps its value while state and counter move.",
        "S8",
        theta="1 -3/4",
        steps=("1 -1/2", "1/2 1"),
        hyper={"lr": 0.0},
        flags="lr-zero",
    ),
    Design(
        "echo",
        "A learning rate of 0 echoes odd bit patterns of the parameter, so that a wrong byte order or width shows.",
        "S8",
        theta="max -max norm -norm 1 -3/2",
        steps=("1 1 1 1 1 1",),
        hyper={"lr": 0.0},
        flags="lr-zero",
    ),
    Design(
        "negative-lr",
        "A negative learning rate must be refused.",
        "S10",
        theta="1",
        steps=("1",),
        hyper={"lr": -0.0625},
        refuse=("lr", "range"),
    ),
)
