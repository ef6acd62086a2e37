"""From judged cases to a verdict: exact, one named recipe, certified, or not conformant. Never a percentage."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from .answer import Hello
from .judge import Judged
from .named import find

STATUSES = ("exact", "named", "certified", "failed", "refused-ok", "untested", "skipped", "error", "waived")
ADAPTER = "smoke cases fail: where an adapter stands between, look there first"
GIVEN = "the target uses the constants that come with each step: bias correction (S6) was not tested"


@final
@dataclass(frozen=True)
class Verdict:
    """What a run has shown.

    Attributes
    ----------
    text : str
        ``EXACT``, ``NAMED recipe``, ``CERTIFIED``, ``NOT CONFORMANT``, ``NOT ENOUGH EVIDENCE`` or ``COULD NOT RUN``.
    exit : int
        The exit code that goes with it.
    cases : tuple of Judged
        In the order of the corpus, with their final status.
    recipe : str or None
        Name of the recipe that reproduces every value case, where it is not the canonical one.
    notes : tuple of str
        What a reader should know beside.
    """

    text: str
    exit: int
    cases: tuple[Judged, ...]
    recipe: str | None = None
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from .page.notebook import shown

        return shown(self)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases have each status."""
        found = Counter(each.status for each in self.cases)
        return {status: found[status] for status in STATUSES}

    @property
    def judged(self) -> int:
        """How many cases count as evidence."""
        return sum(self.counts[status] for status in ("exact", "named", "certified", "refused-ok", "failed"))

    @property
    def untested(self) -> dict[str, int]:
        """For each feature that was not declared, how many cases went untested for it."""
        found = Counter(need for each in self.cases for need in each.lacking)
        return dict(sorted(found.items()))

    @property
    def first(self) -> Judged | None:
        """The first failed case; where there is none, the first that differs in bits."""
        for status in ("failed", "error", "certified", "named"):
            for each in self.cases:
                if each.status == status and (each.first is not None or status in ("failed", "error")):
                    return each
        return None


def decide(cases: Sequence[Judged], hello: Hello, floor: int, notes: tuple[str, ...] = ()) -> Verdict:
    """Reach the verdict on a run.

    Parameters
    ----------
    cases : sequence of Judged
        Every case of the corpus for one dialect and profile.
    hello : Hello
        What the target said of itself.
    floor : int
        How many cases must have been judged.
    notes : tuple of str
        What the target has to say of the run.
    """
    name = None
    if any(each.status in ("certified", "failed") for each in cases):
        name = find(cases)
    if name is not None:
        cases = [replace(each, status="named", recipe=name) if _named(each) else each for each in cases]
    taken = (GIVEN,) if "given-constants" in hello.declares else ()
    draft = Verdict("", 1, tuple(cases), name, _notes(cases) + taken + notes)
    text, code = _text(draft, floor)
    only = "" if {"m", "u"} & {*hello.exposes} else " (theta only)"
    waived = draft.counts["waived"]
    with_waivers = f" with {waived} waiver{'s' if waived > 1 else ''}" if waived else ""
    return replace(draft, text=text + with_waivers + only, exit=code)


def _named(each: Judged) -> bool:
    return each.status in ("exact", "certified", "failed") and each.case.result == "value" and each.answer.steps is not None


def _text(draft: Verdict, floor: int) -> tuple[str, int]:
    counts = draft.counts
    if any(each.answer.error is not None and each.answer.error[0] == "given-up" for each in draft.cases):
        return "COULD NOT RUN", 3
    if counts["failed"] or counts["error"]:
        return "NOT CONFORMANT", 1
    if draft.judged < floor:
        return "NOT ENOUGH EVIDENCE", 1
    if counts["named"]:
        return f"NAMED {draft.recipe}", 0
    return ("CERTIFIED", 0) if counts["certified"] else ("EXACT", 0)


def _notes(cases: Sequence[Judged]) -> tuple[str, ...]:
    broken = any(each.case.category == "smoke" and each.status in ("failed", "error") for each in cases)
    reasons = sorted({each.reason for each in cases if each.status == "skipped"})
    return ((ADAPTER,) if broken else ()) + tuple(f"skipped: {reason}" for reason in reasons)
