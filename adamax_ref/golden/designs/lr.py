"""Learning rates: constant, scheduled, zero, tiny and large.

A step's own rate holds for this step alone; state does not depend on any rate.
"""

from adamax_ref.golden.design import WIDE, Design, Gradient


def _tiny(rate: int, size: int, profiles: tuple[str, ...]) -> Design:
    """Take a rate so small that its inverse times the norm has no place in the type."""
    return Design(
        "tiny",
        f"A rate of 2^-{rate} with gradients near 2^{size}: written with 1/lr the divisor overflows and nothing moves.",
        "S8",
        theta=f"2^-{rate} -2^-{rate + 1}",
        steps=(f"2^{size - 1} -2^{size - 2}", f"2^{size - 2} 2^{size - 3}"),
        hyper={"lr": 2.0**-rate},
        profiles=profiles,
    )


DESIGNS = (
    Design(
        "up-and-down",
        "The rate goes up and down: each step uses its own, not the first one's and not the one before.",
        "S8",
        theta="1 -1",
        steps=(Gradient("1/2 -1/4", 0.125), Gradient("1/4 1/2", 0.5), Gradient("-1/2 1/8", 0.03125)),
    ),
    Design(
        "own-first",
        "Only the first step has a rate of its own; the second goes back to the usual one.",
        "S8",
        theta="1 -1",
        steps=(Gradient("1/2 -1/4", 0.5), "1/4 1/2"),
        level="lead",
    ),
    Design(
        "between",
        "One step among others has a rate of its own.",
        "S8",
        theta="1 -1",
        steps=("1/2 1/4", Gradient("1/4 -1/2", 0.25), "3/8 1/8"),
    ),
    Design(
        "zero-between",
        "A rate of 0 for one step: the parameter rests, moment and norm move on.",
        "S4 S5 S8",
        theta="1 -1",
        steps=("1/2 1/4", Gradient("1 -1", 0.0), "1/4 1/8"),
        flags="lr-zero",
        level="lead",
    ),
    _tiny(100, 40, ("f32", "bf16")),
    _tiny(100, 940, ("f64",)),
    Design(
        "odd-digits",
        "A rate of 0.007, whose digits no short type holds, at steps of either sign.",
        "S8",
        theta="1/2 -1/4",
        steps=("1/2 -3/4", "-1/4 1"),
        hyper={"lr": 0.007},
        profiles=WIDE,
        flags="needs-binary64",
        level="lead",
    ),
    Design(
        "below-binary16",
        "A rate of 2^-30, for which binary16 has no number: kept in that type it would be 0.",
        "S8",
        theta="2^-26 -2^-27",
        steps=("1/2 -1/4", "3/8 1/2"),
        hyper={"lr": 2.0**-30},
        profiles=("f64", "f32", "bf16"),
    ),
    Design(
        "above-one",
        "A rate above 1 carries the parameter across zero.",
        "S8",
        theta="1 -1",
        steps=("1/2 -1/4", "1/4 1/2"),
        hyper={"lr": 2.5},
        level="lead",
    ),
    Design(
        "many-digits",
        "A rate of 0.001, whose quotient by the correction is rounded once to binary64 and once to the working type.",
        "S6 S8",
        theta="1 -1",
        steps=("5/8 -3/8", "3/4 1/8"),
        hyper={"lr": 0.001},
        profiles=WIDE,
        flags="needs-binary64",
        level="lead",
    ),
)
