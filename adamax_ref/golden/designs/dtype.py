"""Numbers and hyperparameters that need every digit of their type.

State kept in a narrower type, constants rounded too early and steps done in another type show here.
"""

from adamax_ref.golden.design import FULL, USUAL, WIDE, Design
from adamax_ref.golden.numbers import Draw

_ALL = Draw(bits=FULL, top=0, span=4)

DESIGNS = (
    Design(
        "all-digits",
        "Parameters and gradients that use every digit of the type, with the usual hyperparameters.",
        "S4 S5 S8",
        theta=_ALL,
        shape=(4,),
        steps=(_ALL, _ALL, _ALL),
        hyper=USUAL,
        flags="needs-binary64 fma-visible",
        report=(1, 3),
    ),
    Design(
        "all-digits-of-state",
        "State that uses every digit of the type: kept in a narrower one it would be cut at once.",
        "S4 S5 S8",
        theta=_ALL,
        m=_ALL,
        u=Draw(bits=FULL, top=1, span=2),
        t=7,
        shape=(3,),
        steps=(_ALL, _ALL),
        hyper=USUAL,
        flags="needs-binary64 fma-visible",
        level="lead",
    ),
    Design(
        "odd-betas",
        "Betas 0.95 and 0.98 and a rate of 0.003, each with digits of its own.",
        "S4 S5 S6",
        theta=_ALL,
        shape=(2,),
        steps=(_ALL, _ALL),
        hyper={"lr": 0.003, "beta1": 0.95, "beta2": 0.98, "eps": 1e-7},
        profiles=WIDE,
        flags="needs-binary64 fma-visible",
        level="lead",
    ),
    Design(
        "small-weight",
        "With beta1 = 0.999 the weight 1 - beta1 loses digits when it is formed in the working type.",
        "S4 S6",
        theta="1 -1",
        steps=("5/8 -3/4", "-7/8 1/2"),
        hyper={"beta1": 0.999, "beta2": 0.99},
        profiles=WIDE,
        flags="needs-binary64",
        level="lead",
    ),
    Design(
        "slow-norm",
        "Nine quiet steps after one of size 1: the norm falls by a 512th each time, which a beta2 of eight digits cannot say.",
        "S5",
        theta="1",
        steps=("1", *["1/64"] * 9),
        hyper={"beta1": 0.875, "beta2": 1 - 2.0**-9},
        report=(10,),
        profiles=("f16",),
        flags="shrinking-gradient",
    ),
    Design(
        "slow-given-norm",
        "Twelve quiet steps from a given norm in a 16-bit type: what is left of it tells all digits of beta2.",
        "S5",
        theta="1 -1",
        m="1/8 -1/8",
        u="1 3/2",
        t=5,
        steps=("1/64 -1/32",) * 12,
        hyper={"beta1": 0.875, "beta2": 1 - 2.0**-9},
        report=(12,),
        profiles=("f16",),
        flags="shrinking-gradient",
    ),
    Design(
        "plateau",
        "In a 16-bit type the norm of 0.999 times itself may round back to itself, so it never decays.",
        "S5",
        theta="1 -1",
        steps=("1 -3/2", "1/8 1/8", "1/8 -1/8"),
        hyper=USUAL,
        profiles=("f16", "bf16"),
        flags="shrinking-gradient",
    ),
)
