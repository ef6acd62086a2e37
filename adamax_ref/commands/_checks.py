"""What the usual checks of other projects catch of the bug bank, beside what the core cases kill."""

from collections.abc import Iterator

from adamax_ref.conformance.bugs import Bug, bank
from adamax_ref.conformance.checks import CHECKS, DIALECT, PROFILE, trainer
from adamax_ref.conformance.matrix import Matrix
from adamax_ref.dialects import get
from adamax_ref.golden.load import Corpus


def caught() -> dict[str, frozenset[str]]:
    """Return for each check the bugs that fail it, of those that can be made in the dialect of the checks."""
    return {check.name: frozenset(bug.id for bug in made() if not check.passes(trainer(bug))) for check in CHECKS}


def made() -> list[Bug]:
    """Return the bugs that can be made where the checks are."""
    return [bug for bug in bank().values() if bug.applies(get(DIALECT), PROFILE)]


def compared(corpus: Corpus) -> Iterator[str]:
    """Yield the table of the checks, line by line."""
    by_check, every = caught(), made()
    together = frozenset[str]().union(*by_check.values())
    killers = Matrix.of(corpus.cases(DIALECT, PROFILE)).killers
    ours = [bug for bug in every if killers[bug.id]]
    yield "| check | done by | what is compared | catches |"
    yield "| --- | --- | --- | --- |"
    for check in CHECKS:
        yield f"| {check.name} | {check.source} | {check.compares} | {len(by_check[check.name])} of {len(every)} |"
    yield f"| these five together | | | {len(together)} of {len(every)} |"
    yield f"| core cases, {DIALECT}/{PROFILE} | `adamax-ref verify` | parameter, state and counter, inside derived bounds |" + (
        f" {len(ours)} of {len(every)} |"
    )
    missed = [bug for bug in every if bug.id not in together]
    yield ""
    yield f"None of the five checks catches these {len(missed)}:"
    yield ""
    yield from (f"- {bug.id} {bug.title}" for bug in missed)
