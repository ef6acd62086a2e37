"""The bias correction 1 - beta1**t over time, early where it is large and late with beta1 so near 1 that it still moves.

Counters that wrap, saturate or start from the wrong number show here.
"""

from adamax_ref.golden.design import REAL, WIDE, Design, Level


def _late(t: int, steps: int, bits: int, profiles: tuple[str, ...] = WIDE, level: Level = "lead") -> Design:
    """Start from a late step with beta1 = 1 - 2**-bits, so that the correction is still far from 1."""
    return Design(
        f"from-{t}",
        f"Steps {t + 1} to {t + steps}: the counter must not wrap or saturate, and the correction must be of this very step.",
        "S1 S6",
        theta="1 -1",
        m="1/8 -1/16",
        u="1/2 1/4",
        t=t,
        steps=("1/4 3/8", "-1/2 1/8", "3/8 -1/4")[:steps],
        hyper={"beta1": 1 - 2.0**-bits},
        profiles=profiles,
        flags="bias-late t-boundary",
        level=level,
    )


def _beyond(t: int, bits: int, level: Level = "core") -> Design:
    """Start so late that a counter which stopped at 2**bits, or started anew there, is far off."""
    return Design(
        f"from-{t}",
        f"Steps {t + 1} and {t + 2}, well beyond 2^{bits}: a counter that has stopped or started anew there is far off.",
        "S1 S6",
        theta="1/16 -1/8",
        m="1/8 -1/16",
        u="1/2 1/4",
        t=t,
        steps=("1/4 3/8", "-1/2 1/8"),
        hyper={"beta1": 1 - 2.0**-bits},
        flags="bias-late t-boundary",
        level=level,
    )


DESIGNS = (
    Design(
        "one-to-three",
        "The correction of steps 1, 2 and 3 with a constant gradient: the corrected moment is the gradient itself.",
        "S1 S6",
        theta="1 -1",
        steps=("1/2 -1/4", "1/2 -1/4", "1/2 -1/4"),
        flags="bias-early",
    ),
    Design(
        "ten",
        "Ten steps, compared at 2, 3 and 10: an error in the counter grows and shrinks again.",
        "S1 S6",
        theta="1",
        steps=("1/2", "-1/4", "3/4", "1/2", "-1", "1/8", "1/4", "-1/2", "3/8", "1"),
        hyper={"beta1": 0.875},
        report=(2, 3, 10),
        flags="bias-early",
        level="lead",
    ),
    _late(98, 3, 6),
    _late(126, 3, 7, REAL, "core"),
    _late(254, 3, 8, REAL),
    _beyond(600, 8),
    _beyond(1000, 8),
    _late(998, 1, 10),
    _late(2046, 3, 11),
    _beyond(3000, 11),
    _beyond(4000, 11),
    _late(32766, 2, 15),
    _beyond(40000, 15, "lead"),
    _beyond(50000, 15),
    _late(65503, 2, 16),
    _late(16777214, 3, 24),
    _beyond(25165824, 24),
    _beyond(50331648, 24),
)
