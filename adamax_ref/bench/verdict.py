"""Verdicts on the bits of a contender, without which no time is shown."""

from typing import final

import numpy as np

from .contender import Contender, ours
from .problem import Host, Problem

Results = tuple[list[Host], list[Host], list[Host]]


@final
class Judge:
    """Says how many numbers of p, m and u differ from a contender's recipe after some steps of a problem.

    The recipe is evaluated by an engine that shares no arithmetic with the contender: ufuncs, and for our own engines
    ufuncs whose fused multiply-add is emulated. Results are kept, since several contenders claim the same ones.

    Parameters
    ----------
    problem : Problem
        What was stepped.
    steps : int
        How often.

    Examples
    --------
    >>> small = Problem(2, 100)
    >>> contender = ours("numpy", small)
    >>> contender.step()
    >>> Judge(small, 1).verdict(contender)
    'exact: the bits of torch'
    """

    def __init__(self, problem: Problem, steps: int) -> None:
        self._problem, self._steps = problem, steps
        self._known: dict[tuple[str, str], Results] = {}

    def verdict(self, contender: Contender) -> str:
        """Return the verdict in words."""
        if contender.result is None:
            return contender.remark or "yardstick"
        assert contender.dialect is not None
        wrong, total = 0, 0
        for got, want in zip(contender.result(), self._right(_other(contender), contender.dialect), strict=True):
            wrong += sum(map(differing, got, want))
            total += self._problem.elements
        if not wrong:
            return f"exact: the bits of {contender.dialect}"
        return f"{wrong} of {total} numbers differ from {contender.dialect}"

    def _right(self, engine: str, dialect: str) -> Results:
        if (engine, dialect) not in self._known:
            reference = ours(engine, self._problem, dialect)
            for _ in range(self._steps):
                reference.step()
            assert reference.result is not None
            self._known[engine, dialect] = reference.result()
        return self._known[engine, dialect]


def _other(contender: Contender) -> str:
    """Name the engine that judges: not the contender itself, and for our own engines without its multiply-add."""
    own = contender.name.startswith("adamax_ref")
    return "numpy-emulated" if own and contender.name != "adamax_ref numpy-emulated" else "numpy"


def differing(got: Host, want: Host) -> int:
    """Count the numbers whose bits differ; one NaN is as good as another.

    Examples
    --------
    >>> differing(np.array([0.0, np.nan, 1.0]), np.array([-0.0, -np.nan, 1.0]))
    1
    """
    bits = np.dtype(f"u{got.itemsize}")
    unequal = got.view(bits) != want.view(bits)
    unequal &= ~(np.isnan(got) & np.isnan(want))
    return int(np.count_nonzero(unequal))
