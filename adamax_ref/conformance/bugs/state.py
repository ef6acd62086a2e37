"""Bugs around the arithmetic: lengths, given state, refusals."""

from dataclasses import replace

from adamax_ref.golden.oracle import State

from ._bug import Bug


def _tail_left_out(before: State, after: State) -> State:
    whole = len(after.theta) - len(after.theta) % 4 if len(after.theta) > 4 else len(after.theta)
    theta, m, u = (new[:whole] + old[whole:] for new, old in zip(_arrays(after), _arrays(before), strict=True))
    return State(after.t, theta, m, u)


def _arrays(state: State) -> tuple[tuple[float, ...], ...]:
    return state.theta, state.m, state.u


def _forgotten(state: State) -> State:
    zeros = (0.0,) * len(state.theta)
    return replace(state, m=zeros, u=zeros)


def _reversed(before: State, after: State) -> State:
    return replace(after, theta=after.theta[::-1])


BUGS = (
    Bug(
        "B38",
        "elements after the last full group of four are not updated",
        "A few weights never learn.",
        "the loop over what a vector leaves over",
        "shape",
        tensor=_tail_left_out,
    ),
    Bug(
        "B39",
        "tensors without elements crash",
        "A model with an empty parameter cannot be trained.",
        "a reduction, or a launch with no threads",
        "shape",
        crashes_on_empty=True,
    ),
    Bug(
        "B43",
        "given m and u are ignored",
        "A resumed run starts from nothing.",
        "state is made anew after loading",
        "state",
        begin=_forgotten,
    ),
    Bug(
        "B44",
        "the given counter is ignored",
        "A resumed run corrects as if it were at its first step.",
        "the counter is not part of the saved state",
        "state",
        begin=lambda state: replace(state, t=0),
    ),
    Bug(
        "B45",
        "illegal hyperparameters are accepted",
        "A slip in a configuration becomes NaN hours later.",
        "the checks at the start",
        "reject",
        accepts=("nan", "range"),
    ),
    Bug(
        "B51",
        "arrays of a wrong length are accepted",
        "Memory of another tensor is read, or elements are left out.",
        "the length is taken from the first array alone",
        "reject",
        accepts=("length",),
    ),
    Bug(
        "B52",
        "malformed numbers are accepted",
        "A damaged checkpoint is loaded as something else.",
        "a parser that stops at the first letter it does not know",
        "reject",
        accepts=("format",),
    ),
    Bug(
        "B50",
        "results are written in reverse order",
        "Every parameter gets another one's value.",
        "the index, or the sign of a stride",
        "shape",
        tensor=_reversed,
    ),
)
