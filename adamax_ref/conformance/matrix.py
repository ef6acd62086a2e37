"""The kill matrix of a dialect and profile: which cases kill which bugs, and where none can, the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import final

from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.law.profile import PROFILES

from .bugs import Bug, bank
from .kills import departs, killed_by, parameter_alone, rows

ENOUGH = 2
"""So many cases must kill a bug wherever it can show."""


@final
@dataclass(frozen=True, eq=False)
class Matrix:
    """What the cases of one dialect and profile do to the bug bank; computed when it is asked for, not read from the corpus.

    Parameters
    ----------
    cases : sequence of Case
        All of one dialect and profile.

    Examples
    --------
    >>> shipped("mlx", "f32").silent["B01"]
    'the dialect corrects no bias'
    """

    dialect: str
    profile: str
    cases: tuple[Case, ...]

    @classmethod
    def of(cls, cases: Sequence[Case]) -> "Matrix":
        """Return the matrix of some cases."""
        return cls(cases[0].dialect, cases[0].profile, tuple(cases))

    @property
    def showing(self) -> dict[str, Bug]:
        """The bugs that can be made and can show here."""
        return {name: bug for name, bug in bank().items() if bug.applies(get(self.dialect), self.profile)}

    @property
    def required(self) -> dict[str, Bug]:
        """The bugs that must be killed twice here.

        Parts of complex numbers are real numbers: the cases of the profile of the parts show what goes wrong in them, and
        those of a complex profile only what is wrong with pairs.
        """
        whole = not PROFILES[self.profile].is_complex
        return {name: bug for name, bug in self.showing.items() if whole or bug.category == "complex"}

    @property
    def silent(self) -> dict[str, str]:
        """Why each of the other bugs cannot."""
        return {
            name: bug.applies.why_not(get(self.dialect), self.profile) for name, bug in bank().items() if name not in self.showing
        }

    @cached_property
    def by_case(self) -> dict[str, tuple[str, ...]]:
        """The bugs that each case kills."""
        return {case.id: killed_by(case) for case in self.cases}

    @cached_property
    def killers(self) -> dict[str, tuple[str, ...]]:
        """The cases that kill each bug."""
        return {name: tuple(case for case, killed in self.by_case.items() if name in killed) for name in self.showing}

    def categories(self, name: str) -> set[str]:
        """Return the categories of the cases that kill a bug."""
        return {case.split("/")[2] for case in self.killers[name]}

    @property
    def weak(self) -> dict[str, tuple[str, ...]]:
        """The bugs that fewer than two cases kill, with the cases; there should be none."""
        return {name: cases for name, cases in self.killers.items() if name in self.required and len(cases) < ENOUGH}

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The bugs that nothing kills where only the parameter is compared, without state and counter."""
        values = [(case, parameter_alone(rows(case))) for case in self.cases if case.result == "value"]
        return tuple(
            name
            for name, bug in self.showing.items()
            if not bug.accepts
            and not bug.crashes_on_empty
            and not any(departs(case, bug, wanted) for case, wanted in values if name in self.by_case[case.id])
        )


@cache
def shipped(dialect: str, profile: str) -> Matrix:
    """Return the matrix of the corpus that the package carries; what it computes is computed once in a program.

    Raises
    ------
    CorpusError
        When there are no cases for that dialect and profile.
    """
    return Matrix.of(open_corpus().cases(dialect, profile))
