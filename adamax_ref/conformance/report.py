"""Reports: lines for people, and NDJSON for programs. Neither holds times, so equal runs give equal bytes."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from adamax_ref.golden.case import Case
from adamax_ref.golden.document import plain
from adamax_ref.golden.patterns import decode

from .judge import First, Judged
from .run import Run

FORMAT = "adamax-report/1"


def lines(run: Run) -> Iterator[str]:
    """Yield the report for a terminal, one fact a line."""
    verdict, hello = run.verdict, run.hello
    about = f"{hello.name} {hello.version} ({hello.language})   {run.dialect} {run.profile} {run.level}"
    yield f"adamax-ref verify   corpus {run.corpus}   {about}   floor {run.floor}, judged {verdict.judged}"
    yield f"verdict {verdict.text}   " + "  ".join(f"{status} {count}" for status, count in verdict.counts.items())
    first = verdict.first
    if first is not None:
        yield from _first(first)
    if verdict.untested:
        yield f"not tested: {', '.join(verdict.untested)} (not declared)"
    yield from (f"note    {note}" for note in verdict.notes)


def _first(judged: Judged) -> Iterator[str]:
    case, first = judged.case, judged.first
    where = "" if first is None else f"  step {first.step}  {_place(first)}"
    yield f"{'bits' if judged.status in ('certified', 'named') else 'first':<8}{case.id} rev {case.rev}{where}"
    if first is None:
        yield f"        {judged.reason}"
    else:
        yield f"        {difference(case, first)}"
    yield f"        why {case.why}"


def _place(first: First) -> str:
    return first.quantity if first.index is None else f"{first.quantity}[{first.index}]"


def difference(case: Case, first: First) -> str:
    """Say what was found, what was wanted and how far off it is, in hexadecimal, decimal and ulp."""
    if first.index is None:
        return f"got {first.got}  wanted {first.want}"
    off = "a NaN on one side only" if first.ulps is None else f"off by {_count(first.ulps)} ulp"
    return f"got {_both(case, first.got)}  wanted {_both(case, first.want)}  allowed {first.lo}..{first.hi}  {off}"


def _both(case: Case, text: str) -> str:
    (value,) = decode(text, case.form)
    return f"{text} ({value:.9g})"


def _count(ulps: int) -> str:
    return str(ulps) if ulps < 100_000 else f"{ulps:.2e}".replace("e+0", "e").replace("e+", "e")


def ndjson(run: Run) -> str:
    """Return the report for programs: a header, a line a case in corpus order, a footer."""
    return "".join(json.dumps(record, sort_keys=True, allow_nan=False) + "\n" for record in records(run))


def records(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the lines of :func:`ndjson` as objects."""
    verdict = run.verdict
    yield {
        "kind": "header",
        "format": FORMAT,
        "spec": "1",
        "corpus": run.corpus,
        "target": plain(run.hello),
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
        "exit": verdict.exit,
        "counts": verdict.counts,
        "recipe": verdict.recipe,
        "causes": [],
        "untested": verdict.untested,
        "notes": list(verdict.notes),
        "complete": True,
    }


def _record(judged: Judged) -> dict[str, Any]:
    record: dict[str, Any] = {"kind": "case", "id": judged.case.id, "rev": judged.case.rev, "status": judged.status}
    if judged.recipe:
        record["recipe"] = judged.recipe
    if judged.status == "error":
        kind, _, message = judged.reason.partition(": ")
        record["error"] = {"kind": kind, "message": message}
    elif judged.reason:
        record["reason"] = judged.reason
    if judged.status == "failed" and judged.first is not None:
        first = asdict(judged.first)
        record["first"] = {name: value for name, value in first.items() if value is not None or name == "ulps"}
    return record
