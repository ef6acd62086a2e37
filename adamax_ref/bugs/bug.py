"""An entry of the bug bank, and its run on a case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from adamax_ref.golden.case import Case, Step
from adamax_ref.golden.oracle import State, start
from adamax_ref.golden.patterns import decode

from .element import Element, Three
from .parts import Numbers, Parts, numbers
from .where import Where, always

Grad = tuple[float, ...]
Whole = Callable[[Case, Parts, State, Grad, Numbers], State]
"""``whole(case, parts, state, grad, h) -> state``: one step of a tensor, for mistakes that no element makes alone."""


def right(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> tuple[float, float, float]:
    """Do the step as the dialect does."""
    return parts.step(p, g, m, u, h, t)


def each(element: Element) -> Whole:
    """Return the step of a tensor that does every element by itself."""

    def whole(case: Case, parts: Parts, state: State, grad: Grad, h: Numbers) -> State:
        t = state.t + 1
        rows = zip(state.theta, grad, state.m, state.u, strict=True)
        made = [tuple(map(parts.stored, element(parts, p, g, m, u, h, t))) for p, g, m, u in rows]
        theta, m, u = (tuple(column) for column in zip(*made, strict=True)) if made else ((), (), ())
        return State(t, theta, m, u)

    return whole


_decoded = lru_cache(maxsize=1024)(decode)
"""Every bug of the bank reads the same gradients, one bug after the other."""


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
    applies : Where
        ``applies(dialect, profile)``: whether the mistake can be made and can show there; it knows the reason why not.
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
    source : str
        Where it was seen: repository and thread on GitHub. Nothing for those that nobody has reported yet.
    grads : callable
        ``grads(case, past) -> gradient``: which gradient the step uses, given all up to this one.
    whole : callable, optional
        One step of a tensor, for mistakes that no element makes alone; otherwise each element does `element`.
    zeros_for_missing : bool
        Whether a step without gradient is done with a gradient of zeros.
    """

    id: str
    title: str
    effect: str
    hint: str
    category: str
    element: Element = right
    applies: Where = always
    begin: Callable[[State], State] = lambda state: state
    tensor: Callable[[State, State], State] = lambda before, after: after
    hyper: Callable[[Case, Step], Numbers] = numbers
    skipped: Callable[[State], State] = lambda state: state
    accepts: tuple[str, ...] = ()
    crashes_on_empty: bool = False
    source: str = ""
    grads: Callable[[Case, list[Grad]], Grad] = lambda case, past: past[-1]
    whole: Whole | None = None
    zeros_for_missing: bool = False

    @property
    def is_elementwise(self) -> bool:
        """True if every element goes wrong by itself, whatever the others are."""
        return self.whole is None and self.tensor is Bug.tensor and self.grads is Bug.grads

    def trajectory(self, case: Case, parts: Parts) -> Iterator[State]:
        """Yield what the bug has after each step of a case."""
        state, past = self.begin(start(case)), list[Grad]()
        for one in case.steps:
            if one.grad is None and not self.zeros_for_missing:
                state = self.skipped(state)
            else:
                past.append((0.0,) * len(state.theta) if one.grad is None else _decoded(one.grad, case.form))
                state = self.step(case, parts, state, past, self.hyper(case, one))
            yield state

    def step(self, case: Case, parts: Parts, state: State, past: list[Grad], h: Numbers) -> State:
        """Return what the bug makes of a state; `past` are all gradients up to this one."""
        whole = self.whole or each(self.element)
        return self.tensor(state, whole(case, parts, state, self.grads(case, past), h))


def one_step(bug: Bug, parts: Parts, before: tuple[float, float, float, float], h: Numbers, t: int) -> Three | None:
    """Return ``p``, ``m``, ``u`` of one element after a step under a bug, from ``p``, ``g``, ``m``, ``u`` before it.

    None where the bug cannot do the step. What a bug does to a whole tensor, or between steps, takes no part.
    """
    try:
        p, m, u = map(parts.stored, bug.element(parts, *before, h, t))
    except (ArithmeticError, ValueError):
        return None
    return p, m, u
