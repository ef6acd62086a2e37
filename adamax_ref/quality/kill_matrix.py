"""Matrix of cases and known bugs of a dialect and profile: the bugs that each case kills, and those that too few do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import final

from adamax_ref.bugs import Bug, bank
from adamax_ref.bugs.kills import kills, parts
from adamax_ref.conformance.bug_replay import Replay
from adamax_ref.conformance.run import conclude
from adamax_ref.conformance.targets.bug import BugTarget
from adamax_ref.conformance.verdict import Grade, Verdict
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.recipe.profile import PROFILES

ENOUGH = 2
"""Number of cases that must kill a bug wherever it can show."""


@final
@dataclass(frozen=True, eq=False)
class Matrix:
    """The bugs that the cases of one dialect and profile kill; computed on demand, not read from the corpus.

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

    @cached_property
    def showing(self) -> dict[str, Bug]:
        """The bugs that can be made and can show here."""
        return {name: bug for name, bug in bank().items() if bug.applies(get(self.dialect), self.profile)}

    @cached_property
    def required(self) -> dict[str, Bug]:
        """The bugs that must be killed twice here.

        Parts of complex numbers are real numbers: the cases of the profile of the parts show what goes wrong in them, and
        those of a complex profile only what is wrong with pairs.
        """
        whole = not PROFILES[self.profile].is_complex
        return {name: bug for name, bug in self.showing.items() if whole or bug.category == "complex"}

    @property
    def silent(self) -> dict[str, str]:
        """Return the reason why each of the other bugs cannot be killed."""
        return {
            name: bug.applies.why_not(get(self.dialect), self.profile) for name, bug in bank().items() if name not in self.showing
        }

    @cached_property
    def _pairs(self) -> dict[str, tuple[Verdict, Verdict]]:
        """For each bug the verdict where all is shown, and where the parameter alone is; its steps are computed once."""
        return {name: self._judged(bug) for name, bug in self.showing.items()}

    def _judged(self, bug: Bug) -> tuple[Verdict, Verdict]:
        replay = Replay(parts(self.dialect, self.profile))
        whole, alone = BugTarget(bug, replay), BugTarget(bug, replay, exposes=("theta",))
        return conclude(whole, self.cases), conclude(alone, self.cases)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each bug that can show here, judged as any other target is."""
        return {name: whole for name, (whole, _) in self._pairs.items()}

    @cached_property
    def by_case(self) -> dict[str, tuple[str, ...]]:
        """The bugs that each case kills: it fails them in their verdict, and by the margin."""
        killed: dict[str, list[str]] = {case.id: [] for case in self.cases}
        for name, verdict in self.verdicts.items():
            for judged in verdict.cases:
                if judged.fails and kills(judged.case, self.showing[name]):
                    killed[judged.case.id].append(name)
        return {case: tuple(names) for case, names in killed.items()}

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

    @property
    def acquitted(self) -> tuple[str, ...]:
        """The bugs that a case kills and whose verdict is not NOT CONFORMANT; there must be none."""
        return tuple(
            name for name, cases in self.killers.items() if cases and self.verdicts[name].grade is not Grade.NOT_CONFORMANT
        )

    @property
    def hidden(self) -> tuple[str, ...]:
        """The bugs that conform where only the parameter is compared, without state and counter."""
        return tuple(name for name, (_, alone) in self._pairs.items() if alone.grade.conforms)


@cache
def shipped(dialect: str, profile: str) -> Matrix:
    """Return the matrix of the corpus that the package carries; what it computes is computed once in a program.

    Raises
    ------
    CorpusError
        When there are no cases for that dialect and profile.
    """
    return Matrix.of(open_corpus().cases(dialect, profile))


def unkilled(cases: Sequence[Case]) -> Iterator[str]:
    """Yield a sentence for each bug that too few of the cases of one dialect and profile say they kill.

    That a case kills what it says is another question: regeneration answers it.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = open_corpus().cases("paper", "f32")
    >>> list(unkilled(cases)), len(list(unkilled(cases[:2]))) > 20
    ([], True)
    """
    matrix = Matrix.of(cases)
    for name, bug in matrix.required.items():
        killers = sum(name in case.kills for case in cases)
        if killers < ENOUGH:
            yield f"{matrix.dialect}/{matrix.profile}: {name} ({bug.title}) is killed by {killers} cases, not by {ENOUGH}"
