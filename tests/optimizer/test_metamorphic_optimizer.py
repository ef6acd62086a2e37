"""Laws that hold between runs of the optimizer: groups, order, division, saving anywhere, scale, climbing."""

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref import Adamax, Parameter
from adamax_ref.dialects import get, names

pytestmark = pytest.mark.usefixtures("engine_of_host_arrays")

F32 = [name for name in names() if "f32" in get(name).profiles]
ABSOLUTE = ("dl4j",)
"""Adds a constant of its own to the norm, so that the size of the gradient matters even without epsilon."""

Array = np.ndarray[Any, np.dtype[np.float32]]
Grads = Sequence[Sequence[Array | None]]
"""For each step one gradient a parameter, None where it has none."""

DYADIC = st.integers(-(2**20), 2**20).map(lambda n: n / 2**12)


def vectors(length: int) -> st.SearchStrategy[Array]:
    """Draw a vector."""
    return st.lists(DYADIC, min_size=length, max_size=length).map(lambda numbers: np.array(numbers, np.float32))


@st.composite
def runs(draw: st.DrawFn) -> tuple[str, list[Array], Grads]:
    """Draw a dialect, some parameters, and gradients of some steps, of which some are missing."""
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    data = [draw(vectors(length)) for length in lengths]
    steps = draw(st.integers(1, 4))
    return draw(st.sampled_from(F32)), data, [[draw(st.none() | vectors(length)) for length in lengths] for _ in range(steps)]


def begin(dialect: str, data: Sequence[Array], **hyper: Any) -> Adamax:
    """Return an optimizer of copies of some arrays; without epsilon, which not every dialect has."""
    given: dict[str, Any] = {"lr": 0.0625, "betas": (0.75, 0.875), "eps": 0.0, "weight_decay": 0.0}
    return Adamax([Parameter(array.copy()) for array in data], dialect=dialect, **given | hyper)


def follow(optimizer: Adamax, grads: Grads) -> list[list[str]]:
    """Do some steps and return the parameters' bits, any NaN like any other."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for step in grads:
        for parameter, grad in zip(parameters, step, strict=True):
            parameter.grad = None if grad is None else grad.copy()
        with np.errstate(all="ignore"):
            optimizer.step()
    return [[float(x).hex() for x in parameter.data] for parameter in parameters]


@settings(deadline=None, max_examples=40)
@given(runs())
def test_groups_are_separate_optimizers(run: tuple[str, list[Array], Grads]) -> None:
    dialect, data, grads = run
    rates = [0.0625 / 2**at for at in range(len(data))]
    groups = [{"params": [Parameter(array.copy())], "lr": rate} for array, rate in zip(data, rates, strict=True)]
    together = follow(Adamax(groups, betas=(0.75, 0.875), eps=0.0, weight_decay=0.0, dialect=dialect), grads)
    apart = [
        follow(begin(dialect, [array], lr=rate), [[step[at]] for step in grads])[0]
        for at, (array, rate) in enumerate(zip(data, rates, strict=True))
    ]
    assert together == apart


@settings(deadline=None, max_examples=40)
@given(runs(), st.integers(0, 4))
def test_a_run_that_is_saved_anywhere_and_resumed_is_the_same_run(run: tuple[str, list[Array], Grads], stop: int) -> None:
    dialect, data, grads = run
    whole = follow(begin(dialect, data), grads)
    first = begin(dialect, data)
    follow(first, grads[:stop])
    saved = pickle.loads(pickle.dumps(first.state_dict()))
    resumed = begin(dialect, [parameter.data for parameter in first.param_groups[0]["params"]], lr=0.5)
    resumed.load_state_dict(saved)
    assert follow(resumed, grads[stop:]) == whole


@settings(deadline=None, max_examples=40)
@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_parameters_and_of_elements_does_not_matter(run: tuple[str, list[Array], Grads], random: Any) -> None:
    dialect, data, grads = run
    whole = follow(begin(dialect, data), grads)
    order = list(range(len(data)))
    random.shuffle(order)
    turned = [[None if step[at] is None else step[at][::-1] for at in order] for step in grads]  # type: ignore[index]
    moved = follow(begin(dialect, [data[at][::-1] for at in order]), turned)
    assert [row[::-1] for row in moved] == [whole[at] for at in order]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(F32), st.integers(1, 6), st.data())
def test_one_parameter_is_its_parts(dialect: str, length: int, data: st.DataObject) -> None:
    theta = data.draw(vectors(length))
    grads = [data.draw(vectors(length)) for _ in range(3)]
    at = data.draw(st.integers(0, length))
    [whole] = follow(begin(dialect, [theta]), [[grad] for grad in grads])
    parts = follow(begin(dialect, [theta[:at], theta[at:]]), [[grad[:at], grad[at:]] for grad in grads])
    assert [*parts[0], *parts[1]] == whole


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([name for name in F32 if name not in ABSOLUTE and not get(name).flushes]), st.integers(-40, 40), st.data())
def test_without_epsilon_the_size_of_the_gradient_does_not_matter(dialect: str, power: int, data: st.DataObject) -> None:
    """By powers of two, and far from both ends of the range; where subnormal numbers are zeros the end comes sooner."""
    theta, grads = data.draw(vectors(3)), [data.draw(vectors(3)) for _ in range(3)]
    plain = follow(begin(dialect, [theta]), [[grad] for grad in grads])
    assert follow(begin(dialect, [theta]), [[grad * np.float32(2.0**power)] for grad in grads]) == plain


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([name for name in F32 if "maximize" in get(name).options]), st.data())
def test_climbing_is_descending_along_the_negated_gradient(dialect: str, data: st.DataObject) -> None:
    theta, grads = data.draw(vectors(3)), [data.draw(vectors(3)) for _ in range(3)]
    up = follow(begin(dialect, [theta], maximize=True), [[grad] for grad in grads])
    assert follow(begin(dialect, [theta]), [[-grad] for grad in grads]) == up


def test_the_laws_can_fail_epsilon_and_decay_break_those_of_scale_and_sign() -> None:
    one, grad = np.ones(1, np.float32), np.full(1, 0.25, np.float32)
    assert follow(begin("torch", [one], eps=0.25), [[grad]]) != follow(begin("torch", [one], eps=0.25), [[grad * 2]])
    up = follow(begin("torch", [one], maximize=True, weight_decay=0.5), [[grad]])
    assert up == follow(begin("torch", [one], weight_decay=0.5), [[-grad]])  # decay joins the gradient after its sign is turned
    assert up != follow(begin("torch", [-one], weight_decay=0.5), [[grad]])
