"""Count how often the diagnosis names the right known bug, and print the table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from adamax_ref.bugs import Bug, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.conformance.bug_replay import Replay
from adamax_ref.conformance.cause import Diagnosis
from adamax_ref.conformance.diagnosis import diagnose
from adamax_ref.conformance.run import conclude
from adamax_ref.conformance.targets.bug import BugTarget
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import Corpus

ALL = ("theta", "m", "u", "t")
THETA = ("theta",)


@final
@dataclass(frozen=True)
class Naming:
    """Counts of one dialect and profile, by what the targets show.

    Attributes
    ----------
    bugs : int
        Entries of the bank that can be made there.
    first, among : int
        Of how many the right name comes first, and is among the names.
    wrong : tuple of str
        Ids of those that get a name that is not theirs.
    unnamed : tuple of str
        Ids of those that get no name.
    """

    dialect: str
    profile: str
    exposes: tuple[str, ...]
    bugs: int
    first: int
    among: int
    wrong: tuple[str, ...]
    unnamed: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the bugs whose name comes first."""
        return self.first / self.bugs


def naming(cases: Sequence[Case], exposes: tuple[str, ...] = ALL, replay: Replay | None = None) -> Naming:
    """Judge every bug on some cases of one dialect and profile and count the right names.

    Parameters
    ----------
    cases : sequence of Case
        Of one dialect and profile.
    exposes : tuple of str
        What the targets show.
    replay : Replay, optional
        Of the dialect's own order of operations; one that is handed over keeps what it has computed.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = [case for case in open_corpus().cases("mlx", "f32") if case.category == "smoke"]
    >>> naming(cases).wrong
    ()
    """
    dialect, profile = cases[0].dialect, cases[0].profile
    replay = replay or Replay(parts(dialect, profile))
    bugs = [bug for bug in bank().values() if bug.applies(get(dialect), profile)]
    names = {bug.id: [cause.bug for cause in named(bug, cases, exposes, replay).causes] for bug in bugs}
    return Naming(
        dialect,
        profile,
        exposes,
        len(bugs),
        sum(found[:1] == [name] for name, found in names.items()),
        sum(name in found for name, found in names.items()),
        tuple(name for name, found in names.items() if found and name not in found),
        tuple(name for name, found in names.items() if not found),
    )


def named(bug: Bug, cases: Sequence[Case], exposes: tuple[str, ...], replay: Replay) -> Diagnosis:
    """Reach the verdict on a bug under an order of operations that the diagnosis knows, and diagnose it."""
    target = BugTarget(bug, replay, exposes)
    return diagnose(conclude(target, cases).cases, target.hello, replay, locate=False)


def table(corpus: Corpus, dialects: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the table in Markdown, a row for each dialect and profile."""
    yield "| dialect and profile | bugs | named first if all is shown | if theta alone is | wrong names |"
    yield "| --- | --- | --- | --- | --- |"
    for pair in sorted(corpus.manifest.floors):
        if not dialects or pair.split("/")[0] in dialects:
            yield _row(corpus, *pair.split("/"))


def _row(corpus: Corpus, dialect: str, profile: str) -> str:
    cases, replay = corpus.cases(dialect, profile), Replay(parts(dialect, profile))
    found = [naming(cases, exposes, replay) for exposes in (ALL, THETA)]
    wrong = ", ".join(sorted({name for each in found for name in each.wrong})) or "none"
    shares = " | ".join(map(_share, found))
    return f"| {dialect} {profile} | {found[0].bugs} | {shares} | {wrong} |"


def _share(found: Naming) -> str:
    return f"{found.first} ({found.share:.0%})"
