"""What an entry of the bank is, and how it is run on a case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

from adamax_ref.golden.case import Case, Step
from adamax_ref.golden.oracle import State, start
from adamax_ref.golden.patterns import decode
from adamax_ref.law.dialect import Dialect

from ._parts import Numbers, Parts, numbers

Element = Callable[[Parts, float, float, float, float, Numbers, int], tuple[float, float, float]]
"""``element(parts, p, g, m, u, h, t) -> (p, m, u)``: one step of one element."""


def right(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> tuple[float, float, float]:
    """Do the step as the dialect does."""
    return parts.step(p, g, m, u, h, t)


def always(dialect: Dialect, profile: str) -> bool:
    """Apply everywhere."""
    return True


@final
@dataclass(frozen=True)
class Bug:
    """A wrong Adamax.

    Attributes
    ----------
    id, title : str
        ``B`` and a number; what is wrong, in a few words.
    effect : str
        What goes wrong in training.
    hint : str
        The line to look at.
    element : callable
        One step of one element; right by default.
    applies : callable
        ``applies(dialect, profile)``: whether the mistake can be made there.
    begin : callable
        What the run starts from, given the right start.
    tensor : callable
        What happens to all elements after a step: ``tensor(before, after) -> after``.
    hyper : callable
        ``hyper(case, step) -> numbers``: the hyperparameters that the step uses.
    skipped : callable
        What a skipped step does to the state.
    accepts : tuple of str
        Classes of illegal input that it computes instead of refusing: ``range``, ``nan``, ``length``, ``format``.
    crashes_on_empty : bool
        Whether a tensor without elements makes it crash.
    category : str
        The category of cases that is expected to catch it first.
    """

    id: str
    title: str
    effect: str
    hint: str
    category: str
    element: Element = right
    applies: Callable[[Dialect, str], bool] = always
    begin: Callable[[State], State] = lambda state: state
    tensor: Callable[[State, State], State] = lambda before, after: after
    hyper: Callable[[Case, Step], Numbers] = numbers
    skipped: Callable[[State], State] = lambda state: state
    accepts: tuple[str, ...] = ()
    crashes_on_empty: bool = False

    def trajectory(self, case: Case, parts: Parts) -> Iterator[State]:
        """Yield what the bug has after each step of a case."""
        state = self.begin(start(case))
        for each in case.steps:
            if each.grad is None:
                state = self.skipped(state)
            else:
                after = self._step(state, decode(each.grad, case.form), parts, self.hyper(case, each))
                state = self.tensor(state, after)
            yield state

    def _step(self, state: State, grad: tuple[float, ...], parts: Parts, h: Any) -> State:
        t = state.t + 1
        rows = zip(state.theta, grad, state.m, state.u, strict=True)
        made = [tuple(map(parts.stored, self.element(parts, p, g, m, u, h, t))) for p, g, m, u in rows]
        theta, m, u = (tuple(column) for column in zip(*made, strict=True)) if made else ((), (), ())
        return State(t, theta, m, u)
