"""One probable cause in place of many failures: the bug bank is replayed under the target's own dialect and recipe.

A name is given only on these grounds (section 12 of the specification): *certain*, the bug's answers are the target's bit
for bit in every failed case, and it passes every case that the target passes; *probable*, in place of "bit for bit" every
number lies within what the permitted orders of operations give under the bug. Otherwise the nearest bug is told with its
distance, which is no name. Two bugs are never combined, and what a target could not run is never explained.
"""

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from adamax_ref.bugs import Bug, Parts, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.dialects import get
from adamax_ref.golden.case import QUANTITIES

from .answer import Hello
from .bug_replay import Replay, States, cost, distances, is_suspect, orders, shows, spans
from .cause import MOST, UNDIAGNOSED, Cause, Diagnosis, Nearest, Strength
from .judge import Judged, Status, missing_needs
from .localisation import localise
from .recipe_match import candidates, reproduces

_LONGEST = 256
"""Cases that take more than so many element steps to replay are not looked at."""


def deciding(bugs: Sequence[Bug], named: bool, least: int, cases: Sequence[Judged], hello: Hello, replay: Replay) -> str:
    """Say what to show or to run next; an empty text where one bug is named, or nothing known would help.

    Parameters
    ----------
    bugs : sequence of Bug
        Those that fit, at most a few.
    named : bool
        Whether they are named.
    least : int
        How many failed cases a name of their strength needs.
    cases, hello, replay : sequence of Judged, Hello, Replay
        The run, what the target said of itself, and the order of operations.
    """
    hidden = [name for name in ("u", "m") if name not in hello.exposes]
    if not bugs:
        return f"expose {' and '.join(hidden)}: the step at which the state goes wrong cannot be told without" if hidden else ""
    if not named:
        fitting = " and ".join(f"{bug.id} ({bug.title})" for bug in bugs)
        return f"{fitting} {'fits' if len(bugs) == 1 else 'fit'}, but a name needs {least} failed cases; run --level full"
    if len(bugs) == 1:
        return ""
    return _telling(bugs, cases, hello, hidden, replay)


def _telling(bugs: Sequence[Bug], cases: Sequence[Judged], hello: Hello, hidden: Sequence[str], replay: Replay) -> str:
    """Say which output or feature tells several bugs apart that fit equally."""
    small = [each for each in cases if each.case.result == "value" and cost(each.case)[0] <= _LONGEST]
    run = [each for each in small if each.answer.steps is not None]
    for name in [each for each in ("u", "m", "t") if each not in hello.exposes]:
        if any(_part(bugs, each, (name,), replay) for each in run):
            return f"expose {name}"
    lacking = [each for each in small if each.status is Status.UNTESTED and _part(bugs, each, (*QUANTITIES, "t"), replay)]
    if lacking:
        needs = Counter(need for each in lacking for need in missing_needs(each.case, hello))
        return f"declare {needs.most_common(1)[0][0]}"
    return "run --level full; these cases cannot tell them apart"


def _part(bugs: Sequence[Bug], judged: Judged, names: Sequence[str], replay: Replay) -> bool:
    """Tell whether the bugs answer a case differently in the named quantities."""
    runs = [replay.states(bug, judged.case) for bug in bugs]
    return len({_seen(states, names) for states in runs}) > 1


def _seen(states: States | None, names: Sequence[str]) -> str:
    """Return what shows of states; as text, in which NaN equals NaN and zeros have signs."""
    return repr([[getattr(state, name) for name in names] for state in states or ()])


LEAST: dict[Strength, int] = {"certain": 2, "probable": 3}
"""Number of cases that must have failed before a bug is named."""

_VOTERS = 4  # passing cases that are asked for the order of operations
_SAMPLE = 8  # failed cases in which the nearest bug is looked for

Fits = Callable[[Bug, Judged], bool]


@final
@dataclass(frozen=True)
class Evidence:
    """The cases of a run that count, cheapest to replay first, and what the target shows."""

    failed: tuple[Judged, ...]
    passing: tuple[Judged, ...]
    hello: Hello

    @classmethod
    def of(cls, cases: Sequence[Judged], hello: Hello) -> "Evidence":
        """Leave out what could not be run, what is waived, and what the target may answer in two ways."""
        counted = sorted((each for each in cases if len(each.case.expected(hello.declares)) == 1), key=lambda each: cost(each.case))
        failed = tuple(each for each in counted if each.status is Status.FAILED)
        passing = tuple(each for each in counted if each.passes)
        return cls(failed, passing, hello)


def diagnose(cases: Sequence[Judged], hello: Hello, replay: Replay | None = None, *, locate: bool = True) -> Diagnosis:
    """Say what explains the failures of a run.

    Parameters
    ----------
    cases : sequence of Judged
        All cases of one dialect and profile.
    hello : Hello
        What the target said of itself.
    replay : Replay, optional
        The order of operations, if it is known; otherwise it is looked for in the passing cases.
    locate : bool
        Whether to look for the first step that is wrong by itself.

    Examples
    --------
    >>> from adamax_ref.conformance.run import run
    >>> from adamax_ref.conformance.targets import open_target
    >>> from adamax_ref.golden.load import open_corpus
    >>> [cause] = run(open_target("bug:B16"), open_corpus(), "paper", "f32").diagnosis.causes
    >>> cause.bug, cause.title, cause.strength
    ('B16', 'u decays with beta1', 'certain')
    """
    evidence = Evidence.of(cases, hello)
    if not evidence.failed:
        return UNDIAGNOSED
    first = evidence.failed[0].case
    replay = replay or base(evidence.passing, first.dialect, first.profile)
    bugs = [bug for bug in bank().values() if bug.applies(get(first.dialect), first.profile)]
    fitting, strength = _fitting(bugs, evidence, replay)
    slips = (slip for each in evidence.failed if locate and (slip := localise(each, hello)) is not None)
    named = fitting if len(evidence.failed) >= LEAST[strength] else []
    causes = tuple(_cause(bug, strength, cases) for bug in named[:MOST])
    nearest = None if causes else _nearest(bugs, evidence, replay)
    decision = deciding(fitting[:MOST], bool(causes), LEAST[strength], cases, hello, replay)
    return Diagnosis(causes, nearest, next(slips, None), decision)


def base(passing: Sequence[Judged], dialect: str, profile: str) -> Replay:
    """Return the replay under the order of operations that most passing cases have; the canonical one if most are exact."""
    values = [each for each in passing if each.case.result == "value"]
    voters = sorted((each for each in values if each.status is not Status.EXACT), key=lambda each: cost(each.case))
    best = parts(dialect, profile)
    if 2 * len(voters) > len(values):
        decaying = any(each.case.hyper.decay != "none" for each in voters[:_VOTERS])
        rules = [rule for _, rule in candidates(get(dialect), profile, decaying)]
        votes = [sum(reproduces(rule, each) for each in voters[:_VOTERS]) for rule in rules]
        if max(votes):
            best = Parts(rules[votes.index(max(votes))].dialect, profile)
    return Replay(best)


def _fitting(bugs: Sequence[Bug], evidence: Evidence, replay: Replay) -> tuple[list[Bug], Strength]:
    """Return the bugs that fit, the best first, and how well they do."""
    exact = _survivors(bugs, evidence, replay, replay.gives)
    if exact:
        alike = {bug.id: sum(replay.gives(bug, each) for each in evidence.passing) for bug in exact}
        return sorted(exact, key=lambda bug: (-alike[bug.id], bug.id)), "certain"
    first = evidence.failed[0].case
    suspects = _survivors(bugs, evidence, replay, lambda bug, each: is_suspect(replay, bug, each))
    suspects = [bug for bug in suspects if any(shows(replay, bug, each) for each in evidence.failed)]
    wide = (replay, *orders(first.dialect, first.profile)) if suspects else ()
    return [bug for bug in suspects if all(spans(wide, bug, each) for each in evidence.failed)], "probable"


def _survivors(bugs: Sequence[Bug], evidence: Evidence, replay: Replay, fits: Fits) -> list[Bug]:
    """Return the bugs that fit every failed case and pass every passing one."""
    left = list(bugs)
    for each in evidence.failed:
        left = [bug for bug in left if fits(bug, each)]
    for each in evidence.passing:
        left = [bug for bug in left if replay.passes(bug, each.case, evidence.hello)]
    return left


def _cause(bug: Bug, strength: Strength, cases: Sequence[Judged]) -> Cause:
    explained = tuple(each.case.id for each in cases if each.status is Status.FAILED)
    return Cause(bug.id, bug.title, bug.hint, strength, explained)


def _nearest(bugs: Sequence[Bug], evidence: Evidence, replay: Replay) -> Nearest | None:
    """Return the bug that gives most failed cases bit for bit; among equals the one whose numbers are nearest."""
    sample = list(_spread(evidence.failed))
    found = [_distance(bug, sample, replay) for bug in bugs]
    return min(found, key=lambda each: (-each.explained, each.ulps is None, each.ulps or 0, each.bug), default=None)


def _distance(bug: Bug, sample: Sequence[Judged], replay: Replay) -> Nearest:
    explained = sum(replay.gives(bug, each) for each in sample)
    ulps = [off for each in sample if each.case.result == "value" for off in distances(replay, bug, each)]
    median = statistics.median_low(ulps) if ulps else float("inf")
    return Nearest(bug.id, bug.title, explained, len(sample), None if median == float("inf") else int(median))


def _spread(failed: Sequence[Judged]) -> Iterator[Judged]:
    """Yield a few failed cases, cheap ones first and one of each category before a second."""
    seen: dict[str, int] = {}
    ranked = []
    for at, each in enumerate(failed):
        seen[each.case.category] = seen.get(each.case.category, 0) + 1
        ranked.append((seen[each.case.category], at))
    yield from (failed[at] for _, at in sorted(ranked)[:_SAMPLE])
