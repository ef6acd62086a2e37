"""One golden case as a test of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, final
from unittest import SkipTest

from adamax_ref.conformance.judge import Status, ask
from adamax_ref.conformance.target import Target
from adamax_ref.conformance.targets.callable import Kind, of
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.reports.terminal import difference, place


@final
@dataclass(frozen=True)
class GoldenCase:
    """Value of the fixture ``adamax_case``.

    Attributes
    ----------
    case : Case
        The case with all that stands in the corpus about it.
    """

    case: Case

    def __str__(self) -> str:
        return self.case.id

    def check(
        self,
        implementation: Callable[..., object] | Target,
        *,
        lacks: tuple[str, ...] = (),
        declares: tuple[str, ...] = (),
        arrays: Kind | None = None,
    ) -> None:
        """Run an implementation on the case and fail unless every number lies inside its bound.

        A case that needs what the implementation does not have, or that it cannot be asked, is skipped with the reason.

        Parameters
        ----------
        implementation, lacks, declares, arrays
            As for :func:`~adamax_ref.testing.assert_conforms`.

        Raises
        ------
        AssertionError
            With the reason why the case is there, and the first difference.
        unittest.SkipTest
            When it was not asked; pytest takes it for a skip.

        Examples
        --------
        >>> from adamax_ref import Adamax
        >>> golden_cases("torch", "f64", category="eps")[0].check(Adamax)
        """
        __tracebackhide__ = True
        target = _target(_Same(implementation), self.case.dialect, lacks, declares, arrays)
        judged = ask(target, self.case)
        if judged.lacking:
            raise SkipTest(f"{target.hello.name} has no {', '.join(judged.lacking)}")
        if judged.status in (Status.SKIPPED, Status.UNTESTED):
            raise SkipTest(judged.reason)
        if judged.passes:
            return
        said = [judged.remark] if judged.remark else []
        if judged.first is not None:
            said = [f"step {judged.first.step}  {place(judged.first)}  {difference(self.case, judged.first)}"]
        raise AssertionError("\n".join([f"{self.case.id}: {judged.status}", *said, f"why {self.case.why}"]))


@final
class _Same:
    """An object that equals itself alone, whatever it says of equality."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


@lru_cache(maxsize=64)
def _target(implementation: _Same, dialect: str, lacks: tuple[str, ...], declares: tuple[str, ...], arrays: Kind | None) -> Target:
    """Return the same target for the same implementation, so that it is probed once."""
    return of(implementation.thing, (dialect,), lacks, arrays, declares)


def golden_cases(
    dialect: str = "torch",
    profile: str = "f32",
    *,
    category: str | None = None,
    level: Literal["core", "full"] = "core",
    golden: str | Path | None = None,
) -> Sequence[GoldenCase]:
    """Return the cases of one dialect and profile, to be made parameters of a test.

    Parameters
    ----------
    dialect, profile : str
        Which.
    category : str, optional
        Only those of one category, for example ``"eps"``.
    level : {"core", "full"}
        How many.
    golden : str or Path, optional
        Folder of a corpus; the one in the package if left out.

    Raises
    ------
    ValueError
        When there is none.

    Examples
    --------
    >>> str(golden_cases("paper", "f64", category="smoke")[0])
    'paper/f64/smoke/one-step'
    """
    cases = open_corpus(None if golden is None else Path(golden)).cases(dialect, profile, level)
    found = [GoldenCase(case) for case in cases if category in (None, case.category)]
    if not found:
        have = ", ".join(dict.fromkeys(case.category for case in cases))
        raise ValueError(f"{dialect} {profile} has no category {category!r}; it has {have}")
    return found
