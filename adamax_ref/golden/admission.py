"""Which designs become cases of a vector file, and why the others do not: nothing is left out in silence.

A design stays out of a dialect and profile where permitted recipes disagree on what kind of number comes out, so that
there is no right answer; and where it proves nothing: no bug of the bank fails it, and each clause it cites is cited by
another case of the file.
"""

from collections.abc import Iterable
from typing import Protocol

from adamax_ref.dialects import get

from .build import build
from .case import Case
from .design import Design
from .expect import Inadmissible, Undecided, answered
from .freedoms import narrowed
from .oracle import keeping
from .plan import Part, designs_of
from .shared import certified_together


class Bank(Protocol):
    """What tells which bugs a case kills; :mod:`adamax_ref.conformance.kills` has the one there is."""

    def killed_by(self, case: Case) -> tuple[str, ...]:
        """Return the ids of the bugs that a case kills."""

    def described(self, cases: Iterable[Case]) -> dict[str, object]:
        """Return the content of BUGS.json for the cases of a corpus."""


PROVES_NOTHING = "no bug fails it here, and other cases of the file cite its clauses"


def admitted(part: Part, bank: Bank) -> tuple[list[Case], dict[str, str]]:
    """Return the cases of a vector file, and for each design without a case there the reason.

    Raises
    ------
    Inadmissible
        When a case breaks a rule of admission by a fault of its design, or of this program.
    """
    dialect = get(part.dialect)
    asked = [_asked(part, design) for design in designs_of(part)]
    law, narrow = keeping(dialect), [other for each in asked if (other := narrowed(each)) is not None]
    together, apart = (certified_together(some, law) if part.level == "full" else {} for some in (asked, narrow))
    cases: list[Case] = []
    omitted: dict[str, str] = {}
    for each in asked:
        try:
            case = answered(each, dialect, together.get(each.id), apart.get(each.id))
        except Undecided as reason:
            omitted[each.slug] = str(reason).partition(" (")[0]
            continue
        cases.append(case.with_kills(bank.killed_by(case)))
    idle = {case.slug for case in cases if not proves(case, cases)}
    return [case for case in cases if case.slug not in idle], omitted | dict.fromkeys(sorted(idle), PROVES_NOTHING)


def _asked(part: Part, design: Design) -> Case:
    try:
        return build(design, part.category, get(part.dialect), part.profile)
    except ValueError as error:
        raise Inadmissible(f"{part.path}: {design.slug}: {error}") from error


def proves(case: Case, cases: list[Case]) -> bool:
    """Tell whether a case kills a bug, or cites a clause that no other case of its file cites."""
    others = {clause for other in cases if other is not case for clause in other.spec}
    return bool(case.kills) or not {*case.spec} <= others
