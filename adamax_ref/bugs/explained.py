"""The lines of ``adamax-ref bugs ID``: effect, line to look at, smallest case in numbers, and where the bug cannot show."""

from collections.abc import Iterator

from adamax_ref.bugs import Bug, bank
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import Corpus

from .kills import departure, size

_WIDTH = 14
_ORDER = ("u", "m", "theta", "t")
_FIRST = ("torch/f32", "optax/f32")  # where an entry is shown at its smallest, if it shows there


def explained(name: str, corpus: Corpus) -> Iterator[str]:
    r"""Yield the explanation of a bug, line by line.

    Raises
    ------
    ValueError
        When the bank has no such entry.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> print("\n".join(list(explained("B16", open_corpus()))[:3]))
    B16 u decays with beta1
      in training   The norm forgets within ten steps.
      look at       max(beta1 * u, |g|)
    """
    if name not in bank():
        raise ValueError(f"unknown bug {name!r}; `adamax-ref bugs` lists them")
    bug = bank()[name]
    yield f"{bug.id} {bug.title}"
    yield _row("in training", bug.effect)
    yield _row("look at", bug.hint)
    if bug.source:
        yield _row("seen in", bug.source)
    pairs = sorted(corpus.manifest.floors)
    killers = {pair: [case for case in corpus.cases(*pair.split("/")) if name in case.kills] for pair in pairs}
    shown = next((pair for pair in (*_FIRST, *pairs) if killers.get(pair)), None)
    if shown is not None:
        yield from smallest(bug, min(killers[shown], key=lambda case: (size(case)[0], case.category != bug.category, case.id)))
    yield from (_row(pair, _where(bug, pair, len(killers[pair]))) for pair in pairs)


def smallest(bug: Bug, case: Case) -> Iterator[str]:
    """Yield the numbers of a case that kills a bug, right and wrong side by side."""
    yield _row("smallest case", case.id)
    yield _row("", case.why)
    if case.error is not None:
        yield _row("", f"must be refused for its {case.error.field}, and is computed")
    elif (found := departure(case, bug)) is None:
        yield _row("", "crashes where there is nothing to do")
    else:
        place = f"step {found.step}" + ("" if found.quantity == "t" else f", element {found.element}")
        yield _row("", f"{place:<24}{'right':<24}wrong")
        for quantity in _ORDER:
            if quantity in found.right:
                right, wrong = (f"{side[quantity]:.9g}" for side in (found.right, found.wrong))
                first = "   <- here first" if quantity == found.quantity else ""
                yield _row("", f"  {quantity:<22}{right:<24}{wrong}{first}")
    yield _row("see it", f"adamax-ref explain {case.id} --target bug:{bug.id}")


def _where(bug: Bug, pair: str, count: int) -> str:
    dialect, profile = pair.split("/")
    reason = bug.applies.why_not(get(dialect), profile)
    if reason:
        return f"not there: {reason}"
    return f"killed by {count} cases" if count else "left to the cases of the profile of its parts"


def _row(head: str, text: str) -> str:
    return f"  {head:<{_WIDTH - 1}} {text}"
