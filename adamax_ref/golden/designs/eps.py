"""Epsilon, made as large as the gradients so that its place can be seen.

Inside the maximum, beside the decayed norm, in the divisor or nowhere: the answers differ in the first digits.
"""

from adamax_ref.golden.design import USUAL, Design

DESIGNS = (
    Design(
        "quarter",
        "Epsilon 1/4 with gradients below, at and above it over three steps: its place decides the norm and the step.",
        "S5 S8",
        theta="1 1 1",
        steps=("1/8 -1/4 1", "1/16 1/4 -1/2", "1/4 -1/8 1/8"),
        hyper={"eps": 0.25},
        flags="eps-visible",
    ),
    Design(
        "sixteenth",
        "Epsilon 1/16 with a shrinking gradient: stored with the norm it decays, in the divisor it does not.",
        "S5 S8",
        theta="1 -1",
        steps=("1 -1/2", "1/16 1/32", "1/32 -1/32"),
        hyper={"eps": 0.0625},
        flags="eps-visible shrinking-gradient",
    ),
    Design(
        "dominates",
        "Epsilon far larger than the gradients: the step is the moment over epsilon.",
        "S5 S8",
        theta="1 -1",
        steps=("2^-6 -2^-7", "2^-7 2^-6"),
        hyper={"eps": 4.0},
        flags="eps-visible",
        level="lead",
    ),
    Design(
        "none",
        "Epsilon 0: the norm is the bare magnitude.",
        "S5",
        theta="1 -1",
        steps=("1/2 -1/4", "1/8 1"),
        hyper={"eps": 0.0},
        level="lead",
    ),
    Design(
        "default-size",
        "Gradients of the size of the default epsilon, where forgetting it doubles the step.",
        "S5 S8",
        theta="2^-12 -2^-12",
        steps=("2^-27 -2^-26", "2^-28 2^-26"),
        hyper={"eps": 2.0**-27},
        profiles=("f64", "f32", "bf16"),
        flags="eps-default eps-visible",
        level="lead",
    ),
    Design(
        "default",
        "The default epsilon 1e-8 with gradients of its size, with the other usual numbers.",
        "S5 S8",
        theta="2^-10 -2^-10",
        steps=("2^-27 -2^-25", "2^-29 2^-26"),
        hyper=USUAL,
        profiles=("f64", "f32", "bf16"),
        flags="eps-default needs-binary64",
    ),
    Design(
        "negative-near",
        "A gradient of almost minus epsilon: adding before taking the absolute value nearly cancels.",
        "S5",
        theta="1 1",
        steps=("-15/64 -17/64", "-1/4 1/4"),
        hyper={"eps": 0.25},
        flags="eps-visible negative-gradient",
        level="lead",
    ),
    Design(
        "in-decayed-norm",
        "Zero gradients after one of size 1: epsilon must neither pile up in the norm nor vanish.",
        "S5",
        theta="1 -1",
        steps=("1 -1/2", "0 0", "0 0"),
        hyper={"eps": 0.125, "beta2": 0.5},
        flags="eps-visible zero-gradient",
        level="lead",
    ),
)
