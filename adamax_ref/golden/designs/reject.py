"""Illegal input, each fault alone: it must be refused, not computed; and legal neighbours, which must be accepted.

A fault that is let through becomes a NaN or a silent drift in somebody's training.
"""

import math

from adamax_ref.golden.design import REAL, WIDE, Design, Gradient, Level

_NAMES = {"lr": "learning rate", "beta1": "beta1", "beta2": "beta2", "eps": "epsilon", "weight_decay": "weight decay"}


def _number(slug: str, name: str, value: float, level: Level = "lead") -> Design:
    kind, profiles = "nan" if math.isnan(value) else "range", REAL if level == "core" else WIDE
    words = f"A {_NAMES[name]} of {value} must be refused."
    return Design(
        slug,
        words,
        "S10",
        theta="1 -1",
        steps=("1/2 -1/4",),
        hyper={name: value},
        refuse=(name, kind),
        profiles=profiles,
        level=level,
    )


def _array(name: str) -> tuple[Design, Design]:
    """Return an array of wrong length and one that cannot be read."""
    level: Level = "core" if name in ("theta", "grad") else "lead"
    profiles = REAL if level == "core" else WIDE
    long = {name: "1 1 1"} if name != "grad" else {}
    return (
        Design(
            f"{name}-length",
            f"{name} has more elements than the shape says and must be refused.",
            "S10",
            **{"theta": "1 -1", "shape": (2,), "steps": ("1/2 -1/4 1" if name == "grad" else "1/2 -1/4",), **long},  # type: ignore[arg-type]
            refuse=(name, "length"),
            profiles=profiles,
            level=level,
        ),
        Design(
            f"{name}-pattern",
            f"{name} holds a letter that is no hexadecimal digit and must be refused.",
            "S10",
            theta="1 -1",
            steps=("1/2 -1/4",),
            refuse=(name, "format"),
            damage=name,
            profiles=profiles,
            level=level,
        ),
    )


DESIGNS = (
    _number("lr-negative", "lr", -0.25),
    _number("lr-nan", "lr", math.nan, "core"),
    _number("beta1-one", "beta1", 1.0, "core"),
    _number("beta1-negative", "beta1", -0.125),
    _number("beta1-nan", "beta1", math.nan),
    _number("beta2-one", "beta2", 1.0, "core"),
    _number("beta2-above-one", "beta2", 1.125),
    _number("beta2-negative", "beta2", -0.125),
    _number("beta2-nan", "beta2", math.nan, "core"),
    _number("eps-negative", "eps", -0.015625, "core"),
    _number("eps-nan", "eps", math.nan),
    _number("weight-decay-negative", "weight_decay", -0.125, "core"),
    _number("weight-decay-nan", "weight_decay", math.nan),
    Design(
        "eps-in-a-dialect-without",
        "An epsilon must be refused where the algorithm has none.",
        "S10",
        theta="1 -1",
        steps=("1/2 -1/4",),
        hyper={"eps": 0.015625},
        refuse=("eps", "range"),
        lacks="eps",
        profiles=WIDE,
    ),
    Design(
        "step-lr-negative",
        "A learning rate that becomes negative at the second step must be refused.",
        "S10",
        theta="1 -1",
        steps=("1/2 -1/4", Gradient("1/4 1/4", -0.125)),
        refuse=("lr", "range"),
        profiles=WIDE,
        level="lead",
    ),
    Design(
        "step-lr-nan",
        "A learning rate that becomes NaN at the second step must be refused.",
        "S10",
        theta="1 -1",
        steps=("1/2 -1/4", Gradient("1/4 1/4", math.nan)),
        refuse=("lr", "nan"),
        profiles=WIDE,
        level="lead",
    ),
    Design(
        "t-negative",
        "A negative step counter must be refused.",
        "S10",
        theta="1 -1",
        t=-1,
        steps=("1/2 -1/4",),
        refuse=("t", "range"),
        profiles=WIDE,
    ),
    *(design for name in ("theta", "m", "u", "grad") for design in _array(name)),
    Design(
        "legal-betas",
        "Betas next to 1 are legal and must be accepted.",
        "S10",
        theta="1 -1",
        steps=("1/2 -1/4", "1/4 1/8"),
        hyper={"beta1": 1 - 2.0**-20, "beta2": 1 - 2.0**-22},
        profiles=WIDE,
    ),
    Design(
        "legal-zeros",
        "Zero betas, a zero epsilon and a zero rate all at once are legal and must be accepted.",
        "S10",
        theta="1 -1",
        steps=("1/2 -1/4",),
        hyper={"lr": 0.0, "beta1": 0.0, "beta2": 0.0, "eps": 0.0},
        profiles=WIDE,
        flags="lr-zero",
        level="lead",
    ),
)
