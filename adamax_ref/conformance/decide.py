"""What would decide between bugs that fit equally, or allow a name at all: an output, a feature, more cases."""

from collections import Counter
from collections.abc import Sequence

from adamax_ref.bugs import Bug
from adamax_ref.golden.case import QUANTITIES

from .answer import Hello
from .judge import Judged, Status, missing_needs
from .likeness import cost
from .replay import Replay, States

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
