"""Reach the verdict on a run from its judged cases: a value, of which every text is made. Never a percentage."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import final

from adamax_ref.markup import notebook_html

from .answer import Hello
from .judge import PASSING, Judged, Status
from .recipe_match import find

ADAPTER = "smoke cases fail: where an adapter stands between, look there first"
GIVEN = "the target uses the constants that come with each step: bias correction (S6) was not tested"
COUNTER = "the step counter is not shown: it was not compared"
_VALUES = (Status.EXACT, Status.NAMED, Status.CERTIFIED)
_SHOWN = ("theta", "m", "u")


@final
class Grade(Enum):
    """The grade of a run, best first; the value is what a report calls it."""

    EXACT = "EXACT"
    NAMED = "NAMED"
    CERTIFIED = "CERTIFIED"
    NOT_ENOUGH_EVIDENCE = "NOT ENOUGH EVIDENCE"
    NOT_CONFORMANT = "NOT CONFORMANT"
    COULD_NOT_RUN = "COULD NOT RUN"

    @property
    def rank(self) -> int:
        """Place among the grades: 0 is the best."""
        return tuple(Grade).index(self)

    @property
    def conforms(self) -> bool:
        """True if a run of this grade was shown to be right."""
        return self.rank <= Grade.CERTIFIED.rank

    @property
    def exit(self) -> int:
        """Exit code: 0 where it conforms, 3 where it could not be run, else 1."""
        return 0 if self.conforms else 3 if self is Grade.COULD_NOT_RUN else 1


@final
@dataclass(frozen=True)
class Verdict:
    """The result of a run on one dialect and profile.

    Attributes
    ----------
    grade : Grade
        As good as the worst case.
    cases : tuple of Judged
        In the order of the corpus, with their final status.
    exposes : tuple of str
        The quantities that were compared, of ``theta``, ``m``, ``u`` and ``t``.
    recipe : str or None
        Name of the recipe that reproduces every value case, where it is not the canonical one.
    notes : tuple of str
        What a reader should know beside.
    """

    grade: Grade
    cases: tuple[Judged, ...]
    exposes: tuple[str, ...]
    recipe: str | None = None
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows, once :mod:`adamax_ref.reports` is imported; `adamax_ref.testing` does so."""
        return notebook_html(self)

    @property
    def exit(self) -> int:
        """The exit code that goes with the grade."""
        return self.grade.exit

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what belongs to the grade whenever it is told: recipe, freedoms, waivers, skips, what was compared."""
        recipe = (self.recipe,) if self.grade is Grade.NAMED and self.recipe else ()
        freedoms = (f"by {' and '.join(self.freedoms)}",) if self.grade.conforms and self.freedoms else ()
        waived, skipped = self.counts[Status.WAIVED], self.counts[Status.SKIPPED]
        waivers = (f"with {waived} waiver{'s' if waived > 1 else ''}",) if waived else ()
        skips = (f"with {skipped} skipped",) if skipped else ()
        shown = [name for name in _SHOWN if name in self.exposes]
        only = () if len(shown) in (0, len(_SHOWN)) else (f"({' and '.join(shown)} only)",)
        return (*recipe, *freedoms, *waivers, *skips, *only)

    @property
    def text(self) -> str:
        """The grade with its remarks, for example ``NAMED torch/unfused (theta only)``."""
        return " ".join((self.grade.value, *self.remarks))

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases of each status."""
        counter = Counter(each.status for each in self.cases)
        return {status: counter[status] for status in Status}

    @property
    def judged(self) -> int:
        """Number of cases that count as evidence."""
        return sum(self.counts[status] for status in (*PASSING, Status.FAILED))

    @property
    def asked(self) -> int:
        """Number of cases with values that the target was asked, without those that are waived."""
        left_out = (Status.UNTESTED, Status.WAIVED)
        return sum(each.case.result == "value" and each.status not in left_out for each in self.cases)

    @property
    def numbers(self) -> int:
        """Number of numbers of the parameter that were compared and are right."""
        passing = (each.answer.steps or () for each in self.cases if each.status in _VALUES)
        return sum(len((step.theta or "").split()) for steps in passing for step in steps)

    @property
    def freedoms(self) -> dict[str, int]:
        """For each declared freedom, how many cases pass by its answers and not by the case's own."""
        return dict(sorted(Counter(each.freedom for each in self.cases if each.freedom).items()))

    @property
    def untested(self) -> dict[str, int]:
        """For each feature that was not declared, how many cases went untested for it."""
        counter = Counter(need for each in self.cases for need in each.lacking)
        return dict(sorted(counter.items()))

    @property
    def first(self) -> Judged | None:
        """The first failed case; where there is none, the first that differs in bits."""
        for status in (Status.FAILED, Status.ERROR, Status.CERTIFIED, Status.NAMED):
            for each in self.cases:
                if each.status is status and (each.first is not None or each.fails):
                    return each
        return None


def decide(cases: Sequence[Judged], hello: Hello, floor: int, notes: tuple[str, ...] = ()) -> Verdict:
    """Reach the verdict on a run.

    A failed case stays failed: a recipe is looked for only where nothing failed, and names only those cases that it
    gives bit for bit.

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
    name = find(cases, hello.declares)
    if name is not None:  # which gives every value case bit for bit
        cases = [replace(each, status=Status.NAMED, recipe=name) if each.status is Status.CERTIFIED else each for each in cases]
    verdict = Verdict(Grade.NOT_CONFORMANT, tuple(cases), hello.exposes, name)
    return replace(verdict, grade=_grade(verdict, floor), notes=(*_notes(verdict, hello), *notes))


def _grade(verdict: Verdict, floor: int) -> Grade:
    cases, counts = verdict.cases, verdict.counts
    if any(each.answer.error is not None and each.answer.error[0] == "given-up" for each in cases):
        return Grade.COULD_NOT_RUN
    if any(each.fails for each in cases):
        return Grade.NOT_CONFORMANT
    if verdict.judged < floor or not verdict.numbers or 10 * sum(counts[each] for each in _VALUES) < 9 * verdict.asked:
        return Grade.NOT_ENOUGH_EVIDENCE
    if counts[Status.NAMED]:
        return Grade.NAMED
    return Grade.CERTIFIED if counts[Status.CERTIFIED] else Grade.EXACT


def _notes(verdict: Verdict, hello: Hello) -> tuple[str, ...]:
    smoke = any(each.case.category == "smoke" and each.fails for each in verdict.cases)
    reasons = sorted({each.reason for each in verdict.cases if each.status is Status.SKIPPED})
    taken = (f"{token}: {count} cases pass by the answers of this freedom" for token, count in verdict.freedoms.items())
    unasked = sorted({each.answer.unasked for each in verdict.cases if each.answer.unasked is not None})
    return (
        *((ADAPTER,) if smoke else ()),
        *(f"skipped: {reason}" for reason in reasons),
        *((f"not asked, as this way cannot carry it: {'; '.join(unasked)}",) if unasked else ()),
        *((COUNTER,) if "t" not in hello.exposes else ()),
        *taken,
        *((GIVEN,) if "given-constants" in hello.declares else ()),
    )
