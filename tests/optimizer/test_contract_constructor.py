"""Rules R01 to R25: what the constructor takes and refuses, by torch and by us."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adamax_ref import Parameter
from adamax_ref.optimizer.groups import engine

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]


def test_r01_a_negative_learning_rate_is_named(side: Any, fails: Fails) -> None:
    with fails(ValueError, "Invalid learning rate: -1"):
        side.Adamax([side.param([1.0])], lr=-1)


def test_r02_a_learning_rate_of_nan_is_refused_and_zero_and_infinity_pass(side: Any, fails: Fails) -> None:
    with fails(ValueError, "Invalid learning rate: nan"):
        side.Adamax([side.param([1.0])], lr=float("nan"))
    for lr in (0, float("inf")):
        assert side.Adamax([side.param([1.0])], lr=lr).param_groups[0]["lr"] == lr


def test_r03_epsilon_is_at_least_zero(side: Any, fails: Fails) -> None:
    with fails(ValueError, "Invalid epsilon value: -1e-08"):
        side.Adamax([side.param([1.0])], eps=-1e-8)
    with fails(ValueError, "Invalid epsilon value: nan"):
        side.Adamax([side.param([1.0])], eps=float("nan"))
    for eps in (0, float("inf")):
        assert side.Adamax([side.param([1.0])], eps=eps).param_groups[0]["eps"] == eps


@pytest.mark.parametrize("beta", [-0.1, 1.0, float("nan")])
def test_r04_the_first_beta_lies_below_one(side: Any, fails: Fails, beta: float) -> None:
    with fails(ValueError, f"Invalid beta parameter at index 0: {beta}"):
        side.Adamax([side.param([1.0])], betas=(beta, 0.9))


def test_r05_the_second_beta_lies_below_one_and_both_may_be_zero(side: Any, fails: Fails) -> None:
    with fails(ValueError, "Invalid beta parameter at index 1: 1.0"):
        side.Adamax([side.param([1.0])], betas=(0.9, 1.0))
    assert side.Adamax([side.param([1.0])], betas=(0.0, 0.0)).defaults["betas"] == (0.0, 0.0)


def test_r06_weight_decay_is_at_least_zero(side: Any, fails: Fails) -> None:
    with fails(ValueError, "Invalid weight_decay value: -0.1"):
        side.Adamax([side.param([1.0])], weight_decay=-0.1)
    with fails(ValueError, "Invalid weight_decay value: nan"):
        side.Adamax([side.param([1.0])], weight_decay=float("nan"))
    for decay in (0, float("inf")):
        assert side.Adamax([side.param([1.0])], weight_decay=decay).defaults["weight_decay"] == decay


def test_r07_of_several_bad_values_the_first_in_the_signature_is_named_and_before_the_parameters(side: Any, fails: Fails) -> None:
    bad: dict[str, Any] = {"lr": -1, "eps": -2, "betas": (-3, -4), "weight_decay": -5}
    for gone, words in (
        (None, "Invalid learning rate: -1"),
        ("lr", "Invalid epsilon value: -2"),
        ("eps", "Invalid beta parameter at index 0: -3"),
    ):
        bad.pop(str(gone), None)
        with fails(ValueError, words):
            side.Adamax([], **bad)
    with fails(ValueError, "Invalid beta parameter at index 1: -4"):
        side.Adamax([], betas=(0.9, -4), weight_decay=-5)


@pytest.mark.parametrize("values", [[0.1, 0.2], []])
def test_r08_an_array_as_learning_rate_has_one_element(side: Any, fails: Fails, values: list[float]) -> None:
    with fails(ValueError, "Tensor lr must be 1-element"):
        side.Adamax([side.param([1.0])], lr=side.array(values))


def test_r09_a_message_shows_the_widened_value_of_an_array(side: Any, fails: Fails) -> None:
    with fails(ValueError, "Invalid learning rate: -0.10000000149011612"):
        side.Adamax([side.param([1.0])], lr=side.array(-0.1))


@pytest.mark.parametrize("lr", ["0.1", None, 1j])
def test_r10_what_is_no_real_number_is_a_type_error(side: Any, fails: Fails, lr: Any) -> None:
    words = f"Invalid learning rate: {lr!r} (expected a real number)" if side.ours else "'<=' not supported between"
    with fails(TypeError, words):
        side.Adamax([side.param([1.0])], lr=lr)


def test_r11_betas_are_two(side: Any, fails: Fails) -> None:
    with fails(ValueError if side.ours else IndexError, "two numbers, got 1" if side.ours else "tuple index out of range"):
        side.Adamax([side.param([1.0])], betas=(0.9,))
    if side.ours:
        with fails(ValueError, "two numbers, got 3"):
            side.Adamax([side.param([1.0])], betas=(0.9, 0.9, 0.9))
    else:
        optimizer = side.Adamax([side.param([1.0], [1.0])], betas=(0.9, 0.9, 0.9))
        with fails(ValueError, "too many values to unpack (expected 2)"):
            optimizer.step()


def test_r12_betas_are_a_pair(side: Any, fails: Fails) -> None:
    with fails(TypeError, "betas must be a pair" if side.ours else "'float' object is not subscriptable"):
        side.Adamax([side.param([1.0])], betas=0.9)


def test_r13_unknown_keywords_and_positional_flags_are_type_errors(side: Any, fails: Fails) -> None:
    with fails(TypeError, "Adamax.__init__() got an unexpected keyword argument 'foo'"):
        side.Adamax([side.param([1.0])], foo=1)
    with fails(TypeError, "positional arguments"):
        side.Adamax([side.param([1.0])], 0.1, (0.9, 0.9), 1e-8, 0, None, True)


def test_r14_parameters_must_be_given(side: Any, fails: Fails) -> None:
    with fails(TypeError, "missing 1 required positional argument: 'params'"):
        side.Adamax()
    with fails(TypeError, "'NoneType' object is not iterable"):
        side.Adamax(None)


def test_r15_an_empty_list_is_refused_and_an_empty_group_steps(side: Any, fails: Fails) -> None:
    with fails(ValueError, "optimizer got an empty parameter list"):
        side.Adamax([])
    assert side.Adamax([{"params": []}]).step() is None


def test_r16_a_bare_parameter_or_array_is_refused_by_name(side: Any, fails: Fails) -> None:
    words = "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
    kind = "torch.FloatTensor" if side.on_tensors else "adamax_ref.optimizer.parameter.Parameter"
    with fails(TypeError, words + kind):
        side.Adamax(side.param([1.0]))
    if side.ours:
        with fails(TypeError, words + "numpy.ndarray"):
            side.Adamax(np.zeros(3))


def test_r17_an_array_in_the_list_is_never_wrapped(side: Any, fails: Fails) -> None:
    first = "optimizer can only optimize Tensors or Parameters, " if side.ours else "optimizer can only optimize Tensors, "
    with fails(TypeError, first + "but one of the params is numpy.ndarray"):
        side.Adamax([np.zeros(3)])


def test_r18_parameters_and_groups_do_not_mix(side: Any, fails: Fails) -> None:
    with fails(TypeError, "but one of the params is dict"):
        side.Adamax([side.param([1.0]), {"params": [side.param([1.0])]}])
    kind = type(side.param([1.0]))
    with fails(TypeError, f"param_group must be a dict, but got {kind}"):
        side.Adamax([{"params": [side.param([1.0])]}, side.param([1.0])])


def test_r19_generators_are_read_once(side: Any) -> None:
    params = [side.param([1.0]), side.param([2.0])]
    assert side.Adamax(p for p in params).param_groups[0]["params"] == params
    groups = side.Adamax({"params": (q for q in [p])} for p in params).param_groups
    assert [group["params"] for group in groups] == [[p] for p in params]


def test_r20_a_set_at_the_top_is_refused_by_us(side: Any, fails: Fails) -> None:
    if not side.ours:
        assert len(side.Adamax({side.param([1.0])}).param_groups[0]["params"]) == 1
        return
    with fails(TypeError, "optimizer parameters need to be organized in ordered collections"):
        side.Adamax({side.param([1.0])})


def test_r21_a_group_outside_a_list_is_refused(side: Any, fails: Fails) -> None:
    with fails(TypeError, "but one of the params is str"):
        side.Adamax({"params": [side.param([1.0])]})


def test_r22_integers_are_refused_at_construction_by_us(side: Any, fails: Fails) -> None:
    torch = side.torch
    if not side.ours:
        p = torch.tensor([1, 2])
        p.grad = torch.tensor([1, 2])
        with fails(NotImplementedError, "not implemented for 'Long'"):
            side.Adamax([p]).step()
        return
    for array in (np.array([1, 2]), np.array([True]), torch.tensor([1, 2]), np.array([1.0], dtype=np.longdouble)):
        with fails(TypeError, "Adamax needs a floating or complex dtype"):
            side.Adamax([array if hasattr(array, "is_leaf") else Parameter(array)])


def test_r23_read_only_arrays_and_non_leaves_are_refused(side: Any, fails: Fails) -> None:
    if side.on_tensors:
        leaf = side.param([1.0])
        with fails(ValueError, "can't optimize a non-leaf Tensor"):
            side.Adamax([leaf * 2])
        kept = leaf * 2
        kept.retain_grad()
        assert side.Adamax([kept]).param_groups[0]["params"][0] is kept
        return
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    if engine(frozen, None).capabilities.in_place:
        with fails(ValueError, "read-only"):
            side.Adamax([Parameter(frozen)])
    else:
        side.Adamax([Parameter(frozen)])  # its data are replaced


def test_r24_memory_that_overlaps_is_refused_at_construction_by_us(side: Any, fails: Fails) -> None:
    if not side.ours:
        p = side.torch.zeros(1).expand(3)
        p.grad = side.torch.ones(3)
        with fails(RuntimeError, "unsupported operation: more than one element of the written-to tensor"):
            side.Adamax([p]).step()
        return
    base: Any = side.torch.zeros(4) if side.on_tensors else np.zeros(4)
    wrap = (lambda x: x) if side.on_tensors else Parameter
    spread = base[:1].expand(3) if side.on_tensors else np.lib.stride_tricks.as_strided(base, (3,), (0,))
    with fails(ValueError, "overlap"):
        side.Adamax([wrap(spread)])
    with fails(ValueError, "shares memory"):
        side.Adamax([wrap(base[:3]), wrap(base[2:])])


def test_r25_no_option_of_adamax_is_required(side: Any) -> None:
    optimizer = side.Adamax([{"params": [side.param([1.0])]}])
    assert list(optimizer.defaults) == [
        "lr", "betas", "eps", "weight_decay", "foreach", "maximize", "differentiable", "capturable"
    ]  # fmt: skip
    assert optimizer.defaults == {key: optimizer.param_groups[0][key] for key in optimizer.defaults}
