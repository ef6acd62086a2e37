"""Result of a diagnosis: the known bugs that explain a failing run, how sure that is, and what would decide.

:mod:`adamax_ref.conformance.diagnosis` finds it; every form of the report prints it.
"""

from dataclasses import dataclass
from typing import Literal, final

Strength = Literal["certain", "probable"]
MOST = 3
"""Greatest number of names that are printed."""


@final
@dataclass(frozen=True)
class Cause:
    """A bug of the bank that explains every failed case of a run and passes wherever the target passes.

    Attributes
    ----------
    bug, title, hint : str
        Of the entry: its id, what is wrong in a few words, the line to look at.
    strength : str
        ``certain``: bit for bit in at least two failed cases. ``probable``: in at least three failed cases within what
        the permitted orders of operations give under this bug.
    cases : tuple of str
        Ids of the failed cases that it explains, in the order of the corpus: all of them.
    """

    bug: str
    title: str
    hint: str
    strength: Strength
    cases: tuple[str, ...]


@final
@dataclass(frozen=True)
class Nearest:
    """The bug that comes nearest where none explains a run; it is no name for the fault.

    Attributes
    ----------
    bug, title : str
        Of the entry.
    explained, failed : int
        How many of the failed cases that were looked at it gives bit for bit, and how many were looked at.
    ulps : int or None
        The distance: the median over all numbers that the target has outside their bounds there, between its answer and
        the target's, in units in the last place; None where half of them are NaN on one side only, or none is a number.
    """

    bug: str
    title: str
    explained: int
    failed: int
    ulps: int | None


@final
@dataclass(frozen=True)
class Slip:
    """The first step of a case that is wrong even when judged from the target's own state before it.

    Attributes
    ----------
    case : str
        Id.
    step : int
        Number of the step, from 1; 0 where every step by itself is right and only their errors add up.
    quantity : str
        ``u``, ``m``, ``theta`` or ``t``; empty where no step is wrong.
    index : int or None
        Of the element.
    got, lo, hi : str
        What the target has, and the least and greatest number that a right step makes of its own state.
    """

    case: str
    step: int
    quantity: str = ""
    index: int | None = None
    got: str = ""
    lo: str = ""
    hi: str = ""


@final
@dataclass(frozen=True)
class Diagnosis:
    """The cause of a failing run, as far as it can be known.

    Attributes
    ----------
    causes : tuple of Cause
        At most three, likeliest first; several are not told apart by these cases. Empty: no known bug explains the run.
    nearest : Nearest or None
        Only where there is no cause and something failed.
    slip : Slip or None
        Where the smallest failed case that can be taken apart goes wrong by itself.
    deciding : str
        What would tell the causes apart, or allow a name at all, for example ``"expose u"``; empty where nothing known would.
    """

    causes: tuple[Cause, ...] = ()
    nearest: Nearest | None = None
    slip: Slip | None = None
    deciding: str = ""


UNDIAGNOSED = Diagnosis()
"""Of a run in which nothing failed."""
