"""The matrix: one row for each target and dialect, one column for each profile.

Rows of a target that say the same are one row, so that a target that is exact in everything takes a single line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import final

from adamax_ref.conformance.answer import Hello
from adamax_ref.conformance.run import Run
from adamax_ref.conformance.verdict import Grade
from adamax_ref.recipe.profile import PROFILES

from .blocks import Block

KINDS = {
    Grade.EXACT: ("exact", "✓"),
    Grade.NAMED: ("named", "≡"),
    Grade.CERTIFIED: ("certified", "≈"),
    Grade.NOT_CONFORMANT: ("failed", "×"),
    Grade.NOT_ENOUGH_EVIDENCE: ("thin", "?"),
    Grade.COULD_NOT_RUN: ("error", "!"),
}
"""For each grade the class that colours it, and a sign for those who see no colours."""


@final
@dataclass(frozen=True)
class Numbered:
    """A run with its place on the page, from 1."""

    number: int
    run: Run

    @cached_property
    def block(self) -> Block:
        """Text about it."""
        return Block(self.run)

    @property
    def kind(self) -> str:
        """Class of the verdict."""
        return KINDS[self.run.verdict.grade][0]

    @property
    def sign(self) -> str:
        """Sign of the verdict."""
        return KINDS[self.run.verdict.grade][1]

    @property
    def folded(self) -> bool:
        """True if a line of a table says all there is: every bit agrees, and nothing is to be added."""
        verdict = self.run.verdict
        return verdict.grade is Grade.EXACT and not (verdict.remarks or verdict.notes or verdict.untested)

    @property
    def words(self) -> tuple[str, str]:
        """The verdict in small letters, and what it says beside."""
        verdict = self.run.verdict
        return verdict.grade.value.lower(), " ".join(verdict.remarks)


@final
@dataclass(frozen=True)
class Row:
    """Dialects of a target whose verdicts are the same in every profile, and the runs of the first of them."""

    dialects: tuple[str, ...]
    cells: tuple[Numbered | None, ...]


@final
@dataclass(frozen=True)
class Panel:
    """A target with its runs and its rows of the matrix."""

    number: int
    hello: Hello
    runs: tuple[Numbered, ...]
    rows: tuple[Row, ...]

    @property
    def declares(self) -> tuple[str, ...]:
        """The freedoms it takes in every run."""
        first, *others = (each.run.hello.declares for each in self.runs)
        return tuple(token for token in first if all(token in other for other in others))

    @property
    def conforms(self) -> bool:
        """True if every run ended well."""
        return all(each.run.verdict.exit == 0 for each in self.runs)


def legend(runs: Sequence[Run]) -> dict[str, tuple[str, str]]:
    """Return the class and sign of each grade that occurs."""
    grades = {run.verdict.grade for run in runs}
    return {grade.value: kind for grade, kind in KINDS.items() if grade in grades}


def columns(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the profiles that occur, in the usual order."""
    found = {run.profile for run in runs}
    return tuple(profile for profile in PROFILES if profile in found)


def panels(runs: Sequence[Run]) -> list[Panel]:
    """Group runs by target, in order of appearance."""
    profiles = columns(runs)
    numbered = [Numbered(number, run) for number, run in enumerate(runs, 1)]
    found: dict[tuple[str, ...], list[Numbered]] = {}
    for each in numbered:
        found.setdefault(_who(each.run.hello), []).append(each)
    return [
        Panel(number, own[0].run.hello, tuple(own), tuple(_rows(own, profiles))) for number, own in enumerate(found.values(), 1)
    ]


def _who(hello: Hello) -> tuple[str, ...]:
    return hello.name, hello.version, hello.language, hello.device or ""


def _rows(own: Sequence[Numbered], profiles: Sequence[str]) -> Iterable[Row]:
    """Yield the rows of a target; neighbours with equal verdicts are one."""
    by_dialect: dict[str, dict[str, Numbered]] = {}
    for each in own:
        by_dialect.setdefault(each.run.dialect, {})[each.run.profile] = each
    cells = {dialect: tuple(found.get(profile) for profile in profiles) for dialect, found in by_dialect.items()}
    words = {dialect: tuple(cell and cell.run.verdict.text for cell in row) for dialect, row in cells.items()}
    for _, group in groupby(sorted(cells, key=lambda dialect: _order(words[dialect])), key=words.__getitem__):
        dialects = tuple(group)
        yield Row(dialects, cells[dialects[0]])


def _order(words: Sequence[str | None]) -> tuple[str, ...]:
    """Sort equal rows together."""
    return tuple(word or "" for word in words)
