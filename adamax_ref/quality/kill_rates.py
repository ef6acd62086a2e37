"""Table of the known bugs and operator mutants that the core cases kill, a line for each profile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.load import Corpus

from .kill_matrix import ENOUGH, Matrix, shipped
from .mutants import Mutant, Trial, equivalent

_COLUMNS = ("can show", f"killed by {ENOUGH}", "not conformant", "parameter alone", "mutants", "same function", "killed")
HEAD = f"| {' | '.join(('dialect and profile', *_COLUMNS))} |"
RULE = "| --- | --- | --- | --- | --- | --- | --- | --- |"


@final
@dataclass(frozen=True)
class Rates:
    """Counts of one dialect and profile.

    Attributes
    ----------
    weak : tuple of str
        Bugs that must be killed twice and are not.
    equivalents, alive : tuple of Mutant
        Mutants that no case kills: those that are the same function, and those that are not.
    """

    matrix: Matrix
    weak: tuple[str, ...]
    hidden: tuple[str, ...]
    mutants: int
    equivalents: tuple[Mutant, ...]
    alive: tuple[Mutant, ...]

    @property
    def complete(self) -> bool:
        """True if nothing that must be killed is left."""
        return not self.weak and not self.alive and not self.matrix.acquitted

    @property
    def line(self) -> str:
        """The counts as a row of a table."""
        shows = len(self.matrix.required)
        other = self.mutants - len(self.equivalents)
        name = f"{self.matrix.dialect}/{self.matrix.profile}"
        killed, alone, gone = shows - len(self.weak), shows - len(self.hidden), other - len(self.alive)
        verdicts = self.matrix.verdicts
        wrong = sum(verdicts[bug].grade is Grade.NOT_CONFORMANT for bug in self.matrix.required)
        counts = ((part, _percent(part, shows)) for part in (killed, wrong, alone))
        cells = (shows, *(f"{part} ({share})" for part, share in counts))
        return " | ".join(
            map(str, (f"| {name}", *cells, self.mutants, len(self.equivalents), f"{gone} ({_percent(gone, other)}) |"))
        )


def _percent(part: int, whole: int) -> str:
    """Return a share rounded down, so that 100 % is said of nothing less."""
    return f"{100 * part // whole} %" if whole else "-"


@cache
def rates(matrix: Matrix) -> Rates:
    """Count what the cases of a matrix kill."""
    trial = Trial(matrix.cases)
    every = list(trial.mutants)
    left = [mutant for mutant in every if not trial.kills(mutant)]
    same = tuple(mutant for mutant in left if equivalent(mutant))
    hidden = tuple(name for name in matrix.hidden if name in matrix.required)
    return Rates(matrix, tuple(matrix.weak), hidden, len(every), same, tuple(one for one in left if one not in same))


def counted(corpus: Corpus, dialects: Sequence[str] = ()) -> tuple[list[str], list[str], bool]:
    """Return the table, what its counts hide, and whether everything that must be killed is.

    Raises
    ------
    ValueError
        When the corpus has no cases for one of the dialects.
    """
    pairs = [pair.split("/") for pair in sorted(corpus.manifest.floors)]
    for name in dialects:
        if name not in {dialect for dialect, _ in pairs}:
            raise ValueError(f"the corpus has no cases for dialect {name!r}; it has {', '.join(corpus.manifest.dialects)}")
    wanted = [pair for pair in pairs if not dialects or pair[0] in dialects]
    found = [rates(shipped(*pair) if corpus.is_shipped else Matrix.of(corpus.cases(*pair))) for pair in wanted]
    left = [line for each in found for line in _left(each)]
    return [HEAD, RULE, *(each.line for each in found)], left, all(each.complete for each in found)


def _left(each: Rates) -> Iterator[str]:
    """Say what a count hides: what is not killed, and what is hidden where only the parameter is compared."""
    where = f"{each.matrix.dialect}/{each.matrix.profile}"
    yield from (f"{where}: {name} is killed by fewer than {ENOUGH} cases" for name in each.weak)
    yield from (f"{where}: {name} is killed by a case and conforms" for name in each.matrix.acquitted)
    yield from (f"{where}: no case kills the mutant {mutant.text}" for mutant in each.alive)
    yield from (f"{where}: the same function: {mutant.text}" for mutant in each.equivalents)
    if each.hidden:
        yield f"{where}: not seen in the parameter alone: {', '.join(each.hidden)}"
