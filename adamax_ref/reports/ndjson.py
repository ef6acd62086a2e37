"""The report for programs: a header, a line a case in the order of the corpus, a footer; ``schema/report.schema.json``.

A file without footer is not a report. It holds no times, so equal runs give equal bytes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from adamax_ref.conformance.cause import Diagnosis
from adamax_ref.conformance.judge import Judged, Status
from adamax_ref.conformance.run import Run
from adamax_ref.golden.codec import to_json

FORMAT = "adamax-report/1"

Json = dict[str, object]


def ndjson(runs: Sequence[Run]) -> str:
    """Return the report on some runs, one after another."""
    return "".join(json.dumps(record, sort_keys=True, allow_nan=False) + "\n" for run in runs for record in records(run))


def records(run: Run) -> Iterator[Json]:
    """Yield the lines for one run as objects."""
    verdict = run.verdict
    yield {
        "kind": "header",
        "format": FORMAT,
        "spec": "1",
        "corpus": run.corpus,
        "target": to_json(run.hello),
        "dialect": run.dialect,
        "profile": run.profile,
        "level": run.level,
        "floor": run.floor,
        "total": len(verdict.cases),
    }
    yield from map(_record, verdict.cases)
    yield {
        "kind": "footer",
        "verdict": verdict.text,
        "grade": verdict.grade.value,
        "exit": verdict.exit,
        "counts": verdict.counts,
        "recipe": verdict.recipe,
        **_diagnosed(run.diagnosis),
        "untested": verdict.untested,
        "notes": list(verdict.notes),
        "complete": True,
    }


def _diagnosed(diagnosis: Diagnosis) -> Json:
    """Return what the footer says of the cause."""
    made: Json = {"causes": [{"bug": c.bug, "strength": c.strength, "cases": len(c.cases)} for c in diagnosis.causes]}
    if diagnosis.nearest is not None:
        made["nearest"] = _without(asdict(diagnosis.nearest), "title")
    if diagnosis.slip is not None:
        made["slip"] = {name: value for name, value in asdict(diagnosis.slip).items() if value not in (None, "")}
    if diagnosis.deciding:
        made["deciding"] = diagnosis.deciding
    return made


def _without(record: Json, name: str) -> Json:
    return {key: value for key, value in record.items() if key != name}


def _record(judged: Judged) -> Json:
    record: Json = {"kind": "case", "id": judged.case.id, "rev": judged.case.rev, "status": judged.status}
    if judged.recipe:
        record["recipe"] = judged.recipe
    if judged.freedom:
        record["freedom"] = judged.freedom
    if judged.waiver:
        record["waiver"] = judged.waiver
    if judged.status is Status.ERROR:
        record["error"] = {"kind": judged.kind, "message": judged.reason}
    elif judged.reason:
        record["reason"] = judged.remark
    if judged.status in (Status.FAILED, Status.WAIVED) and judged.first is not None:
        first = asdict(judged.first)
        record["first"] = {name: value for name, value in first.items() if value is not None or name == "ulps"}
    return record
