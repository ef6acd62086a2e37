"""NaN and infinity: what is broken must stay visibly broken, in its own element and in no other.

Results are compared only as far as every order of operations agrees on what kind of number comes out.
"""

from adamax_ref.golden.design import Design


def _nan(slug: str, words: str, hyper: dict[str, float], maximize: bool = False) -> Design:
    """Let a NaN meet a norm where the recipe is another one."""
    return Design(
        f"nan-{slug}",
        f"A NaN gradient {words} makes the norm NaN as it does elsewhere, a step later too, and spares the neighbour.",
        "S5",
        theta="1 -1",
        m="1/4 -1/4",
        u="2 2",
        t=1,
        steps=("nan 1/2", "1/4 -1/8"),
        hyper=hyper,
        maximize=maximize,
        flags="nan",
    )


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
        level="lead",
    ),
    Design(
        "infinite-gradient",
        "Infinite gradients make moment and norm infinite and the parameter NaN.",
        "S4 S5 S8",
        theta="1 1 1",
        steps=("inf -inf 1/2",),
        flags="infinity nan",
    ),
    _nan("and-decay", "beside weight decay", {"weight_decay": 0.125}),
    _nan("and-small-beta1", "with beta1 = 1/4", {"beta1": 0.25}),
    _nan("climbing", "while climbing", {}, maximize=True),
    _nan("climbing-and-decay", "while climbing beside weight decay", {"weight_decay": 0.125}, maximize=True),
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
