"""The report for a terminal: one fact a line, ASCII only, no times, so that equal runs print equal lines."""

import math
from collections.abc import Iterator, Sequence

from adamax_ref.conformance.cause import Cause, Diagnosis, Nearest, Slip
from adamax_ref.conformance.judge import First, Judged, Status
from adamax_ref.conformance.run import Run
from adamax_ref.golden.case import Case
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.profile import PROFILES, Format

_STRENGTH = {
    "certain": "{n} of {n} failed cases bit for bit",
    "probable": "{n} of {n} failed cases within what its orders of operations give",
}


def lines(run: Run) -> Iterator[str]:
    """Yield the report, line by line."""
    yield from map(printable, _lines(run))


def printable(text: str) -> str:
    r"""Write what a terminal could take for a command, and what is not ASCII, as escapes.

    Examples
    --------
    >>> printable("Adamax \u03b2\x1b[2J")
    'Adamax \\u03b2\\x1b[2J'
    """
    return "".join(c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _lines(run: Run) -> Iterator[str]:
    verdict, hello = run.verdict, run.hello
    about = f"{hello.name} {hello.version} ({hello.language})   {run.dialect} {run.profile} {run.level}"
    yield f"adamax-ref verify   corpus {run.corpus}   {about}   floor {run.floor}, judged {verdict.judged}"
    yield f"verdict {verdict.text}   " + "  ".join(f"{status} {count}" for status, count in verdict.counts.items())
    yield from diagnosed(run.diagnosis)
    first = verdict.first
    if first is not None:
        yield from _first(first)
        if first.fails:
            yield f"again   adamax-ref explain {first.case.id}"
    if verdict.untested:
        yield f"not tested: {', '.join(verdict.untested)} (not declared)"
    yield from (f"note    {note}" for note in verdict.notes)


def diagnosed(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield what a diagnosis says, line by line."""
    for cause in diagnosis.causes:
        yield from _cause(cause)
    if len(diagnosis.causes) > 1:
        yield f"        not told apart by these cases: {', '.join(cause.bug for cause in diagnosis.causes)}"
    if diagnosis.nearest is not None:
        yield f"cause   none of the known bugs; {near(diagnosis.nearest)}"
    if diagnosis.slip is not None:
        yield f"step    {slipped(diagnosis.slip)}"
    if diagnosis.deciding:
        yield f"decide  {diagnosis.deciding}"


def _cause(cause: Cause) -> Iterator[str]:
    yield f"cause   {cause.bug} {cause.title}   {cause.strength}: {_STRENGTH[cause.strength].format(n=len(cause.cases))}"
    yield f"        look at: {cause.hint}"


def near(nearest: Nearest) -> str:
    """Say which bug is nearest and how far off it is."""
    off = "" if nearest.ulps is None else f", median distance {count(nearest.ulps)} ulp"
    gives = f"which gives {nearest.explained} of {nearest.failed} failed cases bit for bit"
    return f"nearest is {nearest.bug} {nearest.title}, {gives}{off}"


def slipped(slip: Slip) -> str:
    """Say which step is the first that is wrong by itself."""
    if not slip.step:
        return f"{slip.case}: every step is right given the target's own state before it; errors of many steps add up"
    what = slip.quantity if slip.index is None else f"{slip.quantity}[{slip.index}]"
    where = f"{slip.case}: step {slip.step} is the first that is wrong given the target's own state before it"
    form = PROFILES[slip.case.split("/")[1]].storage
    got, lo, hi = (text if slip.index is None else decimal(form, text) for text in (slip.got, slip.lo, slip.hi))
    return f"{where}, in {what}: got {got}, right is {lo}" + (f" to {hi}" if lo != hi else "")


def _first(judged: Judged) -> Iterator[str]:
    case, first = judged.case, judged.first
    where = "" if first is None else f"  step {first.step}  {place(first)}"
    yield f"{'bits' if judged.passes else 'first':<8}{case.id} rev {case.rev}{where}"
    if first is None:
        yield f"        {judged.remark}"
    else:
        yield f"        {difference(case, first)}"
    yield f"        why {case.why}"


def place(first: First) -> str:
    """Name a number of a step: ``u[0]``, or ``t``."""
    return first.quantity if first.index is None else f"{first.quantity}[{first.index}]"


def difference(case: Case, first: First) -> str:
    """Say what was found, what was wanted and how far off it is, in hexadecimal, decimal and ulp."""
    if first.index is None:
        return f"got {first.got}  wanted {first.want}"
    off = "a NaN on one side only" if first.ulps is None else f"off by {count(first.ulps)} ulp"
    got, want = (decimal(case.form, text) for text in (first.got, first.want))
    return f"got {got}  wanted {want}  allowed {first.lo}..{first.hi}  {off}"


def decimal(form: Format, text: str) -> str:
    """Return a pattern with its value as a decimal number behind it.

    Examples
    --------
    >>> decimal(PROFILES["f32"].storage, "3f666666")
    '3f666666 (0.899999976)'
    """
    return f"{text} ({readable(form, text)})"


def readable(form: Format, text: str) -> str:
    """Return the value of a pattern in decimal, with as many digits as tell it from its neighbours.

    Examples
    --------
    >>> readable(PROFILES["f64"].storage, "3fb999999999999a")
    '0.10000000000000001'
    """
    (value,) = decode(text, form)
    digits = math.ceil(form.precision * math.log10(2)) + 1
    return f"{value:.{digits}g}"


def count(ulps: int) -> str:
    """Write a distance: whole where it is small.

    Examples
    --------
    >>> count(12), count(1_660_000)
    ('12', '1.66e6')
    """
    return str(ulps) if ulps < 100_000 else f"{ulps:.2e}".replace("e+0", "e").replace("e+", "e")


def matrix(target: str, runs: Sequence[Run]) -> Iterator[str]:
    """Yield one line for each run of a target: dialect, profile, verdict, how many cases failed, and why."""
    for run in runs:
        failures = run.verdict.counts[Status.FAILED]
        failed = f"  {failures} failed" if failures else ""
        cause = "".join(f"  {each.bug} {each.title}" for each in run.diagnosis.causes[:1])
        yield printable(f"{target:<32}  {run.dialect:<18} {run.profile:<5} {run.verdict.text}{failed}{cause}")
