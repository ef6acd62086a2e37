"""Judge a target on one dialect and profile of a corpus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

from adamax_ref.golden.case import Case
from adamax_ref.golden.load import Corpus
from adamax_ref.markup import notebook_html

from .answer import Hello
from .cause import UNDIAGNOSED, Diagnosis
from .judge import Judged, Status, ask
from .target import Target
from .verdict import ADAPTER, Verdict, decide
from .waivers import NONE, Waivers, waive


@final
@dataclass(frozen=True)
class Run:
    """A verdict, what it is about, and what explains it."""

    hello: Hello
    corpus: str
    dialect: str
    profile: str
    level: str
    floor: int
    verdict: Verdict
    diagnosis: Diagnosis = UNDIAGNOSED

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows, once :mod:`adamax_ref.reports` is imported; `adamax_ref.testing` does so."""
        return notebook_html(self)


def pairs(target: Target, corpus: Corpus, dialects: tuple[str, ...] = (), profiles: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return the dialects and profiles on which a target is judged, in the order of the corpus.

    Parameters
    ----------
    dialects, profiles : tuple of str
        What was asked for; nothing means everything that the target declares and the corpus holds.

    Raises
    ------
    ValueError
        When the target or the corpus lacks something that was asked for, or nothing is left.
    """
    return chosen(target.hello, corpus, dialects, profiles)


def chosen(hello: Hello, corpus: Corpus, dialects: tuple[str, ...], profiles: tuple[str, ...]) -> list[tuple[str, str]]:
    """Do the same for a description; one that declares no dialects and no profiles takes everything."""
    have = list(dict.fromkeys((entry.dialect, entry.profile) for entry in corpus.manifest.files))
    _refuse("dialect", dialects, hello.dialects, {dialect for dialect, _ in have}, hello.name)
    _refuse("profile", profiles, hello.profiles, {profile for _, profile in have}, hello.name)
    wanted = [
        (dialect, profile)
        for dialect, profile in have
        if dialect in (dialects or hello.dialects or (dialect,)) and profile in (profiles or hello.profiles or (profile,))
    ]
    if not wanted:
        raise ValueError(
            f"the corpus has no case for what {hello.name} declares; generate another with `adamax-ref golden generate`"
        )
    return wanted


def _refuse(word: str, asked: tuple[str, ...], declared: tuple[str, ...], have: set[str], name: str) -> None:
    for each in asked:
        if each not in have:
            raise ValueError(f"the corpus has no {word} {each!r}; it has {', '.join(sorted(have))}")
        if declared and each not in declared:
            raise ValueError(f"{name} does not declare {word} {each!r}; it declares {', '.join(declared)}")


def run(
    target: Target,
    corpus: Corpus,
    dialect: str,
    profile: str,
    level: str = "core",
    done: Callable[[Case], None] = lambda case: None,
    waivers: Waivers = NONE,
) -> Run:
    """Send every case of a dialect and profile to a target, decide, and explain what failed.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> from adamax_ref.conformance.targets import open_target
    >>> run(open_target("backend:numpy"), open_corpus(), "paper", "f64").verdict.text
    'EXACT'
    """
    floor = corpus.manifest.floors.get(f"{dialect}/{profile}", {}).get(level, 0)
    verdict = conclude(target, corpus.cases(dialect, profile, level), floor, waivers, done)
    hello = target.hello_for(dialect)
    diagnosis = _explained(verdict, hello)
    if diagnosis.causes:  # a known bug is at fault, and not the adapter
        verdict = replace(verdict, notes=tuple(note for note in verdict.notes if note != ADAPTER))
    return Run(hello, corpus.label, dialect, profile, level, floor, verdict, diagnosis)


def conclude(
    target: Target,
    cases: Sequence[Case],
    floor: int = 0,
    waivers: Waivers = NONE,
    done: Callable[[Case], None] = lambda case: None,
) -> Verdict:
    """Send cases of one dialect and profile to a target and reach the verdict, without an explanation.

    Parameters
    ----------
    cases : sequence of Case
        At least one.
    floor : int
        How many of them must be judged.
    """
    hello, before, judged = target.hello_for(cases[0].dialect), len(target.notes), list[Judged]()
    # The smoke cases go first: an adapter that has them wrong is told so before it has been asked anything else.
    for case in sorted(cases, key=lambda case: case.category != "smoke"):
        judged.append(ask(target, case, hello))
        done(case)
    return decide(waive(judged, waivers), hello, floor, target.notes[before:])


def _explained(verdict: Verdict, hello: Hello) -> Diagnosis:
    """Diagnose a run; the bug bank is loaded only when there is something to explain."""
    if not verdict.counts[Status.FAILED]:
        return UNDIAGNOSED
    from .diagnosis import diagnose

    return diagnose(verdict.cases, hello)
