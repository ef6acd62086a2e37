"""Long runs whose gradients hang on the bits of the parameter, so that a single wrong bit changes everything after it.

The gradients are stored: a target needs to know nothing of how they were made.
"""

from adamax_ref.golden.design import WIDE, Chain, Design, Level
from adamax_ref.golden.numbers import Draw


def _chain(steps: int, report: tuple[int, ...], level: Level, profiles: tuple[str, ...] = WIDE) -> Design:
    return Design(
        f"steps-{steps}",
        f"{steps} steps in a row, compared at {', '.join(map(str, report))}: small errors add up or are forgotten, as they should.",
        "S1 S4 S5 S6 S8",
        theta="1",
        steps=Chain(steps, Draw(bits=8, top=0, span=4)),
        report=report,
        profiles=profiles,
        flags="long-run",
        level=level,
    )


DESIGNS = (
    Design(
        "steps-200",
        "200 steps in a 16-bit type, compared at 1, 20 and 200: what rounds once too often drifts away.",
        "S1 S4 S5 S6 S8",
        theta="1",
        steps=Chain(200, Draw(bits=4, top=0, span=3)),
        report=(1, 20, 200),
        profiles=("f16", "bf16"),
        flags="long-run",
    ),
    _chain(20, (1, 10, 20), "core"),
    _chain(100, (1, 10, 100), "full"),
    _chain(1000, (1, 10, 100, 1000), "front"),
    _chain(10_000, (1, 10, 100, 1000, 2000, 5000, 10_000), "long", ("f32",)),
)
