"""A wrong Adamax of the bank as a target: to see what a report says of it, and to measure how often its name is found."""

from typing import final

from adamax_ref.bugs import Bug, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.conformance.answer import FEATURES, Answer, Hello
from adamax_ref.conformance.bug_replay import Replay, answer
from adamax_ref.conformance.target import Target
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.design import SCOPE


@final
class BugTarget(Target):
    """A bug under one order of operations.

    Parameters
    ----------
    bug : Bug
        Which.
    replay : Replay, optional
        The order of operations; otherwise the dialect's own.
    exposes : tuple of str
        What it shows; `theta` alone is what a program without access to its state can show.
    """

    def __init__(self, bug: Bug, replay: Replay | None = None, exposes: tuple[str, ...] = ("theta", "m", "u", "t")) -> None:
        self._bug = bug
        self._replays: dict[tuple[str, str], Replay] = {}
        self._given = replay
        profiles = tuple(sorted({profile for each in SCOPE.values() for profile in each}))
        self._hello = Hello(f"bug {bug.id}: {bug.title}", "1", "python", tuple(SCOPE), profiles, FEATURES, (), exposes)

    @property
    def hello(self) -> Hello:
        """Every dialect and profile of the corpus."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Answer as the bug does; a case in whose dialect and profile it cannot be made is skipped."""
        bug = self._bug
        if not bug.applies(get(case.dialect), case.profile):
            return Answer(case.id, skipped=f"{bug.id} cannot be made in {case.dialect} {case.profile}")
        if case.error is not None:
            refused = case.error.class_ not in bug.accepts
            return Answer(case.id, refused=f"{case.error.field} is illegal") if refused else Answer(case.id, steps=())
        states = self._replay(case).states(bug, case)
        if states is None:
            return Answer(case.id, error=("adapter-error", f"{bug.id} crashes here"))
        return answer(case, states, self._hello.exposes)

    def _replay(self, case: Case) -> Replay:
        if self._given is not None:
            return self._given
        return self._replays.setdefault((case.dialect, case.profile), Replay(parts(case.dialect, case.profile)))


def target(name: str) -> Target:
    """Return the target of the bug `name`.

    Raises
    ------
    ValueError
        When the bank has none of that id.
    """
    if name not in bank():
        raise ValueError(f"unknown bug {name!r}; `adamax-ref bugs` lists them")
    return BugTarget(bank()[name])
