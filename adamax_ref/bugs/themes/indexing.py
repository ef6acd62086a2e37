"""Bugs of indexing: which elements are reached, and by what."""

import math
from dataclasses import replace
from itertools import product

from adamax_ref.bugs.bug import Bug, Grad, each, right
from adamax_ref.bugs.parts import Numbers, Parts
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State


def _arrays(state: State) -> tuple[tuple[float, ...], ...]:
    return state.theta, state.m, state.u


def joined(first: State, then: State, at: int) -> State:
    """Return the elements before `at` from one state and the others from another; the counter is the first's."""
    theta, m, u = (a[:at] + b[at:] for a, b in zip(_arrays(first), _arrays(then), strict=True))
    return State(first.t, theta, m, u)


def _whole_groups(width: int, before: State, after: State) -> State:
    count = len(after.theta)
    return joined(after, before, count - count % width if count > width else count)


def _in_columns(case: Case, past: list[Grad]) -> Grad:
    """Read the gradient in the order of columns, as if its last index moved slowest."""
    last = past[-1]
    if len(case.shape) < 2 or not last:
        return last
    strides = [math.prod(case.shape[:axis]) for axis in range(len(case.shape))]
    places = product(*map(range, case.shape))
    return tuple(last[sum(index * stride for index, stride in zip(place, strides, strict=True))] for place in places)


def _last_block_again(case: Case, parts: Parts, state: State, grad: Grad, h: Numbers) -> State:
    """Do the last four elements as a block of their own, though some of them are done already."""
    once = each(right)(case, parts, state, grad, h)
    count = len(grad)
    if count < 4 or count % 4 == 0:
        return once
    again = each(right)(case, parts, replace(once, t=state.t), grad, h)
    return joined(joined(once, again, count - 4), once, count - count % 4)


BUGS = (
    Bug(
        "B38",
        "elements after the last full group of four are not updated",
        "A few weights never learn.",
        "the loop over what a vector leaves over",
        "shape",
        tensor=lambda before, after: _whole_groups(4, before, after),
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
        "B50",
        "results are written in reverse order",
        "Every parameter gets another one's value.",
        "the index, or the sign of a stride",
        "shape",
        tensor=lambda before, after: replace(after, theta=after.theta[::-1]),
    ),
    Bug(
        "B111",
        "only the first element is updated",
        "One weight of each tensor learns.",
        "a pointer that never advances",
        "shape",
        tensor=lambda before, after: joined(after, before, 1),
    ),
    Bug(
        "B112",
        "elements after the last full group of eight are not updated",
        "A few weights of every tensor never learn.",
        "the loop over what a vector leaves over",
        "shape",
        tensor=lambda before, after: _whole_groups(8, before, after),
    ),
    Bug(
        "B113",
        "elements after the first thirty-two are not updated",
        "Only small tensors learn.",
        "a launch of one block, whatever the length",
        "shape",
        tensor=lambda before, after: joined(after, before, 32),
    ),
    Bug(
        "B114",
        "the gradient is read column by column",
        "Weights of a matrix get each other's gradients.",
        "strides that are not looked at",
        "shape",
        grads=_in_columns,
        source="bitsandbytes-foundation/bitsandbytes issue 1185, pytorch/pytorch issue 106951 (Adam)",
    ),
    Bug(
        "B115",
        "the last block overlaps the one before",
        "Up to three weights of a tensor take every step twice.",
        "a tail done as a full vector that ends at the last element",
        "shape",
        whole=_last_block_again,
    ),
    Bug(
        "B116",
        "tensors without elements keep their counter",
        "A shard that is empty for a while restores another counter than its neighbours.",
        "an early return before the counter",
        "shape",
        tensor=lambda before, after: after if after.theta else before,
        source="NVIDIA/TransformerEngine issue 3207: an empty tensor ends the update",
    ),
)
