"""Steps in which the parameter has no gradient: nothing of it may change, its counter included.

A counter that moves nevertheless corrects the next step by the wrong amount.
"""

from adamax_ref.golden.design import Design, Skip

DESIGNS = (
    Design(
        "first",
        "The first step is skipped, so the second is step 1.",
        "S1",
        theta="1 -1",
        steps=(Skip(), "1/2 -1/4"),
    ),
    Design(
        "middle",
        "A step in the middle is skipped: state and counter wait.",
        "S1",
        theta="1 -1",
        steps=("1/2 -1/4", Skip(), "1/4 1/2"),
    ),
    Design(
        "twice-and-last",
        "Two steps running are skipped, and the last one.",
        "S1",
        theta="1 -1",
        steps=("1/2 -1/4", Skip(), Skip(), "-1/4 1/2", Skip()),
        report=(3, 4, 5),
        level="lead",
    ),
)
