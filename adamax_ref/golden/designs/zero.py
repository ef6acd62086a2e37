"""Gradients that are exactly zero, at the first step and after others.

An implementation that divides zero by zero fills the parameter with NaN and never recovers.
"""

from adamax_ref.golden.design import WIDE, Design

DESIGNS = (
    Design(
        "first",
        "An all-zero first step divides by epsilon alone: nothing moves and nothing becomes NaN.",
        "S5 S8",
        theta="1 -1",
        steps=("0 0", "1/2 -1/4"),
        hyper={"eps": 0.015625},
        flags="zero-gradient",
    ),
    Design(
        "first-without-eps",
        "Without epsilon an all-zero first step is 0/0 by definition, so the parameter must become NaN.",
        "S5 S8",
        theta="1 -1",
        steps=("0 1/2",),
        hyper={"eps": 0.0},
        flags="zero-gradient nan",
    ),
    Design(
        "first-tiny-eps",
        "An all-zero first step with an epsilon of 2^-27: kept in a 16-bit type it would be 0.",
        "S5 S8",
        theta="1 -1",
        steps=("0 0", "1/2 0"),
        hyper={"eps": 2.0**-27},
        flags="zero-gradient eps-default",
    ),
    Design(
        "single",
        "Single zero elements beside others must neither move nor disturb their neighbours.",
        "S5 S8",
        theta="1 1 1",
        steps=("1/2 0 -1/4", "1/4 0 1/2"),
        hyper={"eps": 0.015625},
        flags="zero-gradient",
        level="lead",
    ),
    Design(
        "after-history",
        "Zeros after history: the parameter goes on moving by the decaying moment.",
        "S4 S8",
        theta="1 -1",
        m="1/2 -1/4",
        u="1 1/2",
        t=6,
        steps=("0 0", "0 0"),
        flags="zero-gradient shrinking-gradient",
        level="lead",
    ),
    Design(
        "long",
        "Zeros for six steps running, then a gradient: the counter has gone on.",
        "S1 S6",
        theta="1",
        steps=("1", "0", "0", "0", "0", "0", "1/2"),
        report=(2, 6, 7),
        flags="zero-gradient",
        level="lead",
    ),
    Design(
        "negative-zero",
        "A gradient of -0 is a zero like any other.",
        "S4 S5",
        theta="1 -1",
        steps=("1 1/2", "-0 0"),
        flags="zero-gradient",
        profiles=WIDE,
        level="lead",
    ),
)
