"""Shapes: no dimension, no elements, one element, and lengths around the sizes of vectors and blocks.

No element is zero and neighbours differ, so an element left out, done twice or mistaken for another shows.
"""

from dataclasses import replace

from adamax_ref.golden.design import FULL, REAL, WIDE, Design, Level
from adamax_ref.golden.numbers import Draw

_ANY = Draw(bits=6, top=1, span=4)
_POWERS = Draw(bits=1, top=3, span=12)
"""Gradients for long tensors: with beta1 = 1/2 and no epsilon every result is a number of the type, and needs no limits."""


def _of(shape: tuple[int, ...], values: Draw, flags: str = "", level: Level = "lead", profiles: tuple[str, ...] = REAL) -> Design:
    """One step on a tensor of this shape."""
    return Design(
        "scalar" if shape == () else "by-".join(map(str, shape)) if len(shape) > 1 else f"length-{shape[0]}",
        f"A tensor of shape {list(shape)}: every element is updated once, by its own gradient.",
        "S8 S9",
        theta=values,
        shape=shape,
        steps=(values,),
        flags=flags,
        profiles=profiles,
        level=level,
    )


def _long(length: int, level: Level = "lead") -> Design:
    """One step on a tensor of some length whose results are exact."""
    return replace(_of((length,), _ANY, "odd-length", level), steps=(_POWERS,), hyper={"beta1": 0.5, "eps": 0.0})


DESIGNS = (
    Design("scalar", "A tensor without dimensions is one element.", "S8", theta="3/4", shape=(), steps=("-1/2", "1/4")),
    Design(
        "nothing", "A tensor without elements: nothing to do, and the counter moves on.", "S1", theta="", shape=(0,), steps=("", "")
    ),
    Design("no-columns", "Three rows of no columns are empty as well.", "S1", theta="", shape=(3, 0), steps=("",)),
    _of((3,), _ANY, "odd-length", "core"),
    *(_of((n,), _ANY, "odd-length") for n in (1, 5, 7)),
    *(_of((n,), _ANY) for n in (2, 8)),
    _of((2, 3), _ANY, level="core"),
    _of((3, 2), _ANY, level="core"),
    _of((1, 2, 1, 2, 1), _ANY),
    *(_long(n) for n in (31, 63, 65)),
    *(_long(n, "core") for n in (9, 33, 37)),
    *(_of((n,), Draw(bits=FULL, top=1, span=6, distinct=True), "many-elements odd-length", level="full") for n in (255, 257)),
    *(
        _of((n,), Draw(bits=18, top=1, span=6, distinct=True), "many-elements odd-length", level="full", profiles=WIDE)
        for n in (1023, 1025, 4097)
    ),
)
