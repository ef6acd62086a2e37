"""Rules R42 to R68: what a step does, by torch and by us."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adamax_ref import Parameter

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]
Same = Callable[[Any, Any], bool]


def test_r42_without_gradients_nothing_changes(side: Any) -> None:
    p = side.param([1.0, 2.0])
    o = side.Adamax([p], weight_decay=0.1)
    o.step()
    assert side.values(p) == [1.0, 2.0]
    assert len(o.state) == 0


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_r43_zero_gradients_from_the_start_leave_the_parameter_and_store_epsilon(side: Any, kind: str) -> None:
    p = side.param([1.5, -2.5], [0.0, 0.0], kind)
    o = side.Adamax([p])
    o.step()
    assert side.values(p) == [1.5, -2.5]
    assert side.values(o.state[p]["exp_inf"]) == side.values(side.array([1e-8, 1e-8], kind))
    assert side.steps(o, p) == 1


def test_r43_in_float16_epsilon_rounds_to_zero_and_the_parameter_becomes_nan(side: Any) -> None:
    p = side.param([1.5], [0.0], "float16")
    side.Adamax([p]).step()
    assert math.isnan(side.values(p)[0])


def test_r44_a_zero_gradient_moves_and_counts_and_none_does_neither(side: Any) -> None:
    p = side.param([1.0], [1.0])
    o = side.Adamax([p])
    o.step()
    first = side.values(p)
    side.give(p, [0.0])
    o.step()
    second = side.values(p)
    side.give(p, None)
    o.step()
    assert first != second
    assert (side.values(p), side.steps(o, p)) == (second, 2)


def test_r45_decay_alone_moves_a_parameter(side: Any) -> None:
    p = side.param([2.0], [0.0], "float64")
    side.Adamax([p], lr=0.1, weight_decay=0.1).step()
    assert side.values(p) == [1.9000000049999997]


def test_r46_the_gradient_is_negated_before_decay_joins_it(side: Any) -> None:
    p = side.param([2.0], [1.0], "float64")
    o = side.Adamax([p], maximize=True, weight_decay=0.1)
    o.step()
    assert side.values(o.state[p]["exp_avg"]) == [-0.07999999999999999]
    assert side.values(p.grad) == [1.0]


@pytest.mark.parametrize("options", [{}, {"maximize": True, "weight_decay": 0.1}, {"foreach": True, "maximize": True}])
def test_r47_the_gradient_keeps_its_bits(side: Any, options: dict[str, Any]) -> None:
    p = side.param([1.0, 2.0, 3.0], [0.1, -0.0, 1e-40])
    before = [x.hex() for x in side.values(p.grad)]
    side.Adamax([p], **options).step()
    assert [x.hex() for x in side.values(p.grad)] == before


def test_r48_a_learning_rate_of_zero_moves_the_state_alone(side: Any) -> None:
    p = side.param([1.0], [1.0])
    o = side.Adamax([p], lr=0)
    o.step()
    assert (side.values(p), side.steps(o, p)) == ([1.0], 1)
    assert side.values(o.state[p]["exp_avg"])[0] > 0


def test_r49_zero_over_zero_is_nan_and_no_exception(side: Any) -> None:
    p = side.param([1.0], [0.0])
    o = side.Adamax([p], eps=0)
    o.step()
    assert math.isnan(side.values(p)[0])
    assert side.values(o.state[p]["exp_inf"]) == [0.0]


def test_r50_an_infinite_learning_rate_goes_to_infinity(side: Any) -> None:
    p = side.param([1.0], [1.0])
    side.Adamax([p], lr=math.inf).step()
    assert side.values(p) == [-math.inf]


def test_r51_nan_and_infinite_gradients_stay_for_ever(side: Any) -> None:
    p = side.param([1.0, 1.0, 1.0], [math.nan, math.inf, -math.inf])
    o = side.Adamax([p])
    for _ in range(2):
        o.step()
        norm = side.values(o.state[p]["exp_inf"])
        assert math.isnan(norm[0])
        assert norm[1:] == [math.inf, math.inf]
        assert all(map(math.isnan, side.values(p)))
        side.give(p, [1.0, 1.0, 1.0])


def test_r52_betas_may_be_zero(side: Any) -> None:
    p = side.param([2.0], [1.0])
    side.Adamax([p], betas=(0, 0)).step()
    assert side.values(p) == [1.9980000257492065]


def test_r53_parameters_may_have_no_axes_or_no_elements(side: Any) -> None:
    point, hollow = side.param(1.0, 2.0), side.param(1.0)
    hollow.data = side.array([]).reshape(0, 3)
    hollow.grad = side.array([]).reshape(0, 3)
    o = side.Adamax([point, hollow])
    o.step()
    assert side.values(point) == 0.9980000257492065
    assert tuple(o.state[hollow]["exp_avg"].shape) == (0, 3)
    assert side.steps(o, hollow) == 1


@pytest.mark.parametrize("view", ["stepped", "transposed", "reversed"])
def test_r54_a_view_is_written_through_with_the_bits_of_a_contiguous_run(side: Any, same: Same, view: str) -> None:
    if view == "reversed" and side.on_tensors:
        pytest.skip("torch has no negative strides")
    draw = np.random.default_rng(2)
    base, grad = draw.normal(size=(6, 8)).astype(np.float32), draw.normal(size=(6, 8)).astype(np.float32)
    cut: Any = {"stepped": lambda x: x[::2, ::3], "transposed": lambda x: x.T, "reversed": lambda x: x[::-1, ::-1]}[view]
    whole = side.torch.from_numpy(base.copy()) if side.on_tensors else base.copy()
    seen = cut(whole) if view != "transposed" else whole.T
    p, plain = (seen if side.on_tensors else Parameter(seen)), side.param(cut(base).tolist(), cut(grad).tolist())
    side.give(p, cut(grad).tolist())
    a, b = side.Adamax([p], weight_decay=0.1), side.Adamax([plain], weight_decay=0.1)
    for _ in range(3):
        a.step()
        b.step()
    assert same(p.data, plain.data)
    assert same(cut(np.asarray(whole)), plain.data)


def test_r55_a_closure_runs_once_and_sets_the_gradients_that_are_used(side: Any) -> None:
    p, q = side.param([1.0]), side.param([1.0])
    o = side.Adamax([{"params": [p]}, {"params": [q]}])
    calls = []

    def closure() -> str:
        calls.append(1)
        side.give(p, [1.0])
        side.give(q, [-1.0])
        return "loss"

    assert o.step(closure) == "loss"
    assert len(calls) == 1
    assert side.values(p)[0] < 1 < side.values(q)[0]


def test_r56_a_closure_that_raises_stops_everything(side: Any, fails: Fails) -> None:
    p = side.param([1.0], [1.0])
    o = side.Adamax([p])
    after: list[int] = []
    o.register_step_post_hook(lambda *_: after.append(1))

    def closure() -> None:
        raise ArithmeticError("no loss")

    with fails(ArithmeticError, "no loss"):
        o.step(closure)
    assert (side.values(p), len(o.state), after) == ([1.0], 0, [])


def test_r57_a_closure_is_callable(side: Any, fails: Fails) -> None:
    with fails(TypeError, "'int' object is not callable"):
        side.Adamax([side.param([1.0])]).step(3)


def test_r58_a_sparse_gradient_is_refused_and_by_us_before_anything_moves(side: Any, fails: Fails) -> None:
    p, q = side.param([1.0], [1.0]), side.param([1.0])
    o = side.Adamax([{"params": [p]}, {"params": [q]}])
    if side.on_tensors:
        q.grad = side.torch.tensor([1.0]).to_sparse()
    else:
        q.grad = _Sparse()
    with fails(RuntimeError, "Adamax does not support sparse gradients"):
        o.step()
    assert (side.values(p) == [1.0]) == side.ours
    assert (len(o.state) == 0) == side.ours


class _Sparse:
    is_sparse = True
    shape = (1,)
    dtype = np.dtype("float32")


def test_r59_a_gradient_of_another_shape_is_refused(side: Any, fails: Fails) -> None:
    p, q = side.param([1.0], [1.0]), side.param([1.0, 2.0, 3.0])
    if side.on_tensors:
        with fails(RuntimeError, "attempting to assign a gradient of size '[2]' to a tensor of size '[3]'"):
            side.give(q, [1.0, 2.0])
        return
    side.give(q, [1.0, 2.0])
    with fails(ValueError, "the gradient of param_groups[0]['params'][1] has shape (2,), but the parameter has (3,)"):
        side.Adamax([p, q]).step()
    assert side.values(p) == [1.0]


def test_r60_a_gradient_of_another_dtype_is_refused(side: Any, fails: Fails) -> None:
    p, q = side.param([1.0], [1.0]), side.param([1.0])
    if side.on_tensors:
        with fails(RuntimeError, "attempting to assign a gradient with dtype 'double'"):
            q.grad = side.array([1.0], "float64")
        return
    q.grad = side.array([1.0], "float64")
    with fails(TypeError, "the gradient of param_groups[0]['params'][1] has dtype float64, but the parameter has float32"):
        side.Adamax([p, q]).step()
    assert side.values(p) == [1.0]


def test_r61_a_gradient_that_is_no_array_of_the_namespace_is_refused(side: Any, fails: Fails) -> None:
    p = side.param([1.0])
    if side.on_tensors:
        with fails(TypeError, "assigned grad expected to be a Tensor or None but got grad of type numpy.ndarray"):
            p.grad = np.array([1.0], np.float32)
        return
    o = side.Adamax([p])
    p.grad = side.torch.tensor([1.0])
    with fails(TypeError, "is torch.FloatTensor, but the parameter is numpy.ndarray"):
        o.step()
    p.grad = [1.0]
    with fails(TypeError, "is list, not an array"):
        o.step()


@pytest.mark.parametrize("kind", ["number", "array"])
def test_r62_a_learning_rate_changed_between_steps_takes_effect(side: Any, kind: str) -> None:
    p = side.param([1.0], [1.0], "float64")
    lr: Any = side.array(0.1, "float64") if kind == "array" else 0.1
    o = side.Adamax([p], lr=lr, betas=(0.0, 0.0), eps=0)
    o.step()
    if kind == "array":
        lr[...] = 0.5
    else:
        o.param_groups[0]["lr"] = 0.5
    o.step()
    assert side.values(p) == [1.0 - 0.1 - 0.5]


def test_r63_state_survives_the_replacement_of_data(side: Any) -> None:
    p = side.param([1.0], [1.0])
    o = side.Adamax([p])
    o.step()
    p.data = side.array([5.0])
    o.step()
    assert side.steps(o, p) == 2
    assert 4.9 < side.values(p)[0] < 5


def test_r64_our_counter_goes_on_where_float32_stands_still(side: Any) -> None:
    p = side.param([1.0], [1.0])
    o = side.Adamax([p])
    o.step()
    o.state[p]["step"] = 2**24 if side.ours else side.torch.tensor(float(2**24))
    o.step()
    assert side.steps(o, p) == 2**24 + side.ours


def test_r65_each_parameter_is_updated_in_its_own_type(side: Any, same: Same) -> None:
    kinds = ("float32", "float64", "float16")
    mixed = [side.param([1.0, 2.0], [0.3, 0.7], kind) for kind in kinds]
    alone = [side.param([1.0, 2.0], [0.3, 0.7], kind) for kind in kinds]
    optimizers = [side.Adamax(mixed, lr=0.1), *(side.Adamax([p], lr=0.1) for p in alone)]
    for _ in range(3):
        for o in optimizers:
            o.step()
    assert all(same(a.data, b.data) for a, b in zip(mixed, alone, strict=True))


def test_r66_the_same_step_twice_gives_the_same_bits(side: Any, same: Same) -> None:
    values = np.random.default_rng(1).normal(size=1000).tolist()
    ends = []
    for _ in range(2):
        p = side.param(values, values[::-1])
        o = side.Adamax([p], weight_decay=0.1)
        o.step()
        o.step()
        ends.append(p.data)
    assert same(*ends)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_r67_a_float32_learning_rate_is_widened_first_by_us(side: Any, shape: tuple[int, ...]) -> None:
    ends = []
    for lr in (side.array(0.1).reshape(shape), float(np.float32(0.1)), side.array(0.1, "float64").reshape(shape), 0.1):
        p = side.param([1.0], [0.3], "float64")
        side.Adamax([p], lr=lr).step()
        ends.append(side.values(p))
    assert (ends[0] == ends[1]) == side.ours  # torch's for-loop divides in float32
    assert ends[2] == ends[3]


def test_r68_a_numpy_scalar_as_learning_rate_is_widened_first_by_us(side: Any) -> None:
    ends = []
    for lr in (np.float32(0.1), float(np.float32(0.1))):
        p = side.param([1.0], [0.3], "float64")
        side.Adamax([p], lr=lr).step()
        ends.append(side.values(p))
    assert (ends[0] == ends[1]) == side.ours
