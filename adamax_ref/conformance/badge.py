"""The verdict as a badge: JSON for an endpoint of shields.io, written for every verdict."""

import json
from collections.abc import Sequence

from .run import Run

_COLORS = (("EXACT", "brightgreen"), ("NAMED", "green"), ("CERTIFIED", "green"), ("NOT ENOUGH", "yellow"), ("", "red"))
_FEW = 3


def badge(runs: Sequence[Run]) -> str:
    """Return the badge for some runs of one target; several are as good as the worst of them."""
    worst = max(runs, key=lambda run: (run.verdict.exit, _rank(run)))
    pairs = [f"{run.dialect} {run.profile}" for run in runs]
    label = ", ".join(pairs) if len(pairs) <= _FEW else f"{len(pairs)} profiles"
    message = f"{worst.verdict.text.lower()}, corpus {worst.corpus}"
    made = {"schemaVersion": 1, "label": f"adamax {label}", "message": message, "color": _COLORS[_rank(worst)][1]}
    return json.dumps(made, sort_keys=True) + "\n"


def _rank(run: Run) -> int:
    return next(at for at, (start, _) in enumerate(_COLORS) if run.verdict.text.startswith(start))
