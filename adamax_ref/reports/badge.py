"""The verdict as a badge: JSON for an endpoint of shields.io, written for every verdict."""

import json
from collections.abc import Sequence

from adamax_ref.conformance.run import Run
from adamax_ref.conformance.verdict import Grade

_COLORS = {
    Grade.EXACT: "brightgreen",
    Grade.NAMED: "green",
    Grade.CERTIFIED: "green",
    Grade.NOT_ENOUGH_EVIDENCE: "yellow",
    Grade.NOT_CONFORMANT: "red",
    Grade.COULD_NOT_RUN: "red",
}
_FEW = 3


def badge(runs: Sequence[Run]) -> str:
    """Return the badge for some runs of one target; several are as good as the worst of them."""
    worst = max(runs, key=lambda run: (run.verdict.grade.rank, bool(run.verdict.remarks)))
    pairs = [f"{run.dialect} {run.profile}" for run in runs]
    label = ", ".join(pairs) if len(pairs) <= _FEW else f"{len(pairs)} profiles"
    message = f"{worst.verdict.text.lower()}, corpus {worst.corpus}"
    limited = worst.verdict.grade is Grade.EXACT and worst.verdict.remarks
    color = "green" if limited else _COLORS[worst.verdict.grade]
    made = {"schemaVersion": 1, "label": f"adamax {label}", "message": message, "color": color}
    return json.dumps(made, sort_keys=True) + "\n"
