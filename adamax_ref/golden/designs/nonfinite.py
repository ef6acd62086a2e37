"""NaN and infinity: what is broken must stay visibly broken, in its own element and in no other.

Results are compared only as far as every order of operations agrees on what kind of number comes out.
"""

from adamax_ref.golden.design import Design

DESIGNS = (
    Design(
        "nan-gradient",
        "A NaN gradient makes parameter, moment and norm NaN in its own element, a step later too, and spares the neighbours.",
        "S4 S5 S8",
        theta="1 1 1",
        steps=("1/2 nan -1/4", "1/4 1/2 1/2"),
        flags="nan",
    ),
    Design(
        "nan-later",
        "A NaN gradient after history is not hidden by a larger norm.",
        "S5",
        theta="1 -1",
        m="1/2 1/4",
        u="4 4",
        t=3,
        steps=("nan 1/8", "1/4 -1/8"),
        flags="nan",
    ),
    Design(
        "infinite-gradient",
        "Infinite gradients make moment and norm infinite and the parameter NaN.",
        "S4 S5 S8",
        theta="1 1 1",
        steps=("inf -inf 1/2",),
        flags="infinity nan",
    ),
    Design(
        "nan-parameter",
        "A NaN parameter stays NaN; its moment and norm do not know of it.",
        "S4 S5 S8",
        theta="nan 1",
        steps=("1/2 1/4", "1/4 1/2"),
        flags="nan",
        level="lead",
    ),
    Design(
        "infinite-parameter",
        "An infinite parameter stays what it is under finite updates.",
        "S8",
        theta="inf -inf 1",
        steps=("1/2 -1/4 1/4", "1/4 1/4 -1/2"),
        flags="infinity",
        level="lead",
    ),
    Design(
        "nan-state",
        "NaN in given moment or norm shows in the parameter at once and is not repaired.",
        "S4 S5 S8",
        theta="1 1 1",
        m="nan 1/4 1/8",
        u="1 nan 1/2",
        t=2,
        steps=("1/2 1/4 1/8", "1/4 1/2 1/8"),
        flags="nan",
    ),
    Design(
        "infinite-norm",
        "An infinite given norm divides every update to zero and stays infinite.",
        "S5 S8",
        theta="1 -1",
        m="1/4 -1/4",
        u="inf inf",
        t=2,
        steps=("1/2 -1/8",),
        flags="infinity",
        level="lead",
    ),
)
