"""Features F01 to F54 of PyTorch's page, by torch and by us; what a rule R.. covers in detail is only touched here."""

import inspect
import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]
Same = Callable[[Any, Any], bool]
KEYS = ["lr", "betas", "eps", "weight_decay", "foreach", "maximize", "differentiable", "capturable"]


def test_f01_parameters_come_from_any_iterable(side: Any) -> None:
    p, q = side.param([1.0]), side.param([2.0])
    for params in ([p, q], (p, q), iter([p, q]), {"a": p, "b": q}.values()):
        assert side.Adamax(params).param_groups[0]["params"] == [p, q]


def test_f02_the_caller_s_dictionary_becomes_the_group(side: Any) -> None:
    group = {"params": [side.param([1.0])], "lr": 0.5}
    o = side.Adamax([group])
    assert o.param_groups[0] is group
    assert group["eps"] == 1e-8


def test_f03_pairs_give_names(side: Any) -> None:
    p, q = side.param([1.0]), side.param([2.0])
    o = side.Adamax([("a", p), ("b", q)])
    assert o.param_groups[0]["param_names"] == ["a", "b"]
    assert o.param_groups[0]["params"] == [p, q]


def test_f03_the_name_of_a_parameter_of_ours_names_no_group(our_side: Any) -> None:
    p = our_side.param([1.0])
    p.name = "weight"
    assert "param_names" not in our_side.Adamax([p]).param_groups[0]


@pytest.mark.parametrize("lr", [0.1, 1, True, np.float64(0.1)])
def test_f04_a_learning_rate_is_any_number_and_kept_as_it_is(side: Any, lr: Any) -> None:
    assert side.Adamax([side.param([1.0])], lr=lr).param_groups[0]["lr"] is lr


def test_f04_an_array_as_learning_rate_is_kept_by_reference(side: Any) -> None:
    lr = side.array(0.1)
    assert side.Adamax([side.param([1.0])], lr=lr).param_groups[0]["lr"] is lr


def test_f05_betas_are_any_pair(side: Any) -> None:
    p, q = side.param([1.0], [0.5]), side.param([1.0], [0.5])
    side.Adamax([p], betas=[0.5, 0.75]).step()
    side.Adamax([q], betas=(0.5, 0.75)).step()
    assert side.values(p) == side.values(q)


def test_f06_epsilon_is_added_inside_the_maximum(side: Any) -> None:
    p = side.param([1.0], [0.5], "float64")
    o = side.Adamax([p], eps=0.25)
    o.step()
    assert side.values(o.state[p]["exp_inf"]) == [0.75]


def test_f07_weight_decay_is_the_integer_zero_unless_given(side: Any) -> None:
    o = side.Adamax([side.param([1.0])])
    assert type(o.defaults["weight_decay"]) is int
    assert "    weight_decay: 0\n" in repr(o)


@pytest.mark.parametrize("foreach", [None, True, False])
@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "complex64"])
def test_f08_foreach_changes_no_bit(side: Any, same: Same, foreach: bool | None, kind: str) -> None:
    if kind == "bfloat16" and not side.on_tensors:
        pytest.skip("the tensors have it; NumPy's is covered beside torch")
    draw = np.random.default_rng(5)
    values = [draw.normal(size=n).tolist() for n in (1, 7, 40)]
    ends = []
    for each in (False, foreach):
        params = [side.param(v, v[::-1], kind) for v in values]
        o = side.Adamax(params, foreach=each, weight_decay=0.1)
        for _ in range(3):
            o.step()
        ends.append([p.data for p in params])
    assert all(same(a, b) for a, b in zip(*ends, strict=True))


def test_f09_maximize_climbs(side: Any) -> None:
    p, q = side.param([1.0], [0.5]), side.param([1.0], [-0.5])
    side.Adamax([p], maximize=True).step()
    side.Adamax([q]).step()
    assert side.values(p) == side.values(q) > [1.0]


def test_f10_a_differentiable_step_takes_non_leaves_and_records(side: Any, same: Same) -> None:
    if not side.on_tensors:
        p, q = side.param([1.0], [0.5]), side.param([1.0], [0.5])
        side.Adamax([p], differentiable=True).step()
        side.Adamax([q]).step()
        assert same(p.data, q.data)  # NumPy has no graph: the flag changes nothing
        return
    leaf = side.torch.tensor([1.0], requires_grad=True)
    p = leaf * 1
    p.retain_grad()
    p.grad = side.torch.tensor([0.5])
    side.Adamax([p], differentiable=True).step()
    p.sum().backward()
    assert leaf.grad.tolist() == [1.0]


def test_f11_a_capturable_step_is_refused_by_torch_on_the_cpu_and_done_by_us(side: Any, fails: Fails) -> None:
    p = side.param([1.0], [0.5])
    o = side.Adamax([p], capturable=True)
    if side.ours:
        o.step()
        assert side.values(p)[0] < 1
        assert str(o.state[p]["step"].dtype).endswith("float32")
    else:
        with fails(AssertionError, "If capturable=True, params and state_steps must be on supported devices"):
            o.step()


def test_f12_defaults_hold_the_eight_options_in_order(side: Any) -> None:
    given = {"lr": 0.5, "betas": (0.1, 0.2), "eps": 1.0, "weight_decay": 2.0, "foreach": False, "maximize": True}
    o = side.Adamax([side.param([1.0])], **given)
    assert list(o.defaults) == KEYS
    assert o.defaults == {**given, "differentiable": False, "capturable": False}


def test_f13_groups_are_plain_dictionaries_with_keys_in_order(side: Any) -> None:
    o = side.Adamax([{"params": [("a", side.param([1.0]))], "note": 1, "eps": 0.5}])
    assert type(o.param_groups[0]) is dict
    rest = [key for key in KEYS if key != "eps"]
    assert list(o.param_groups[0]) == ["params", "note", "eps", "param_names", *rest]


def test_f14_state_is_public_and_keyed_by_parameter(side: Any) -> None:
    p = side.param([1.0], [0.5])
    o = side.Adamax([p])
    o.step()
    assert list(o.state) == [p]
    assert list(o.state[p]) == ["step", "exp_avg", "exp_inf"]


def test_f20_step_returns_what_the_closure_returns(side: Any) -> None:
    o = side.Adamax([side.param([1.0], [0.5])])
    assert o.step() is None
    assert o.step(lambda: 7) == 7


def test_f20_a_closure_may_record_a_graph(side: Any) -> None:
    if not side.on_tensors:
        pytest.skip("NumPy has no graph")
    p = side.param([1.0])

    def closure() -> Any:
        loss = (p * p).sum()
        loss.backward()
        return loss

    o = side.Adamax([p])
    with side.torch.no_grad():
        assert o.step(closure).item() == 1
    assert side.values(p)[0] < 1


def test_f21_a_parameter_without_gradient_is_skipped(side: Any) -> None:
    p, q = side.param([1.0], [0.5]), side.param([1.0])
    o = side.Adamax([p, q], weight_decay=0.1)
    o.step()
    assert side.values(q) == [1.0]
    assert q not in o.state


def test_f22_a_zero_gradient_decays_the_norm(side: Any) -> None:
    p = side.param([1.0], [1.0], "float64")
    o = side.Adamax([p], betas=(0.5, 0.5), eps=0)
    o.step()
    side.give(p, [0.0])
    o.step()
    assert side.values(o.state[p]["exp_inf"]) == [0.5]
    assert side.steps(o, p) == 2


def test_f23_a_parameter_that_joins_late_starts_at_step_one(side: Any) -> None:
    p, q = side.param([1.0], [0.5]), side.param([1.0])
    o = side.Adamax([p, q])
    o.step()
    side.give(q, [0.5])
    o.step()
    assert (side.steps(o, p), side.steps(o, q)) == (2, 1)


def test_f24_state_is_made_late_and_laid_out_like_the_parameter(side: Any) -> None:
    p = side.param([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    p.data = p.data.T
    side.give(p, [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    o = side.Adamax([p])
    assert not o.state
    o.step()
    for part in ("exp_avg", "exp_inf"):
        array = o.state[p][part]
        assert (array.stride() if side.on_tensors else array.strides) == (p.data.stride() if side.on_tensors else p.data.strides)
        assert array.dtype == p.data.dtype


def test_f25_the_counter_is_a_float32_scalar_in_torch_and_an_integer_in_ours(side: Any) -> None:
    p = side.param([1.0], [0.5], "float64")
    o = side.Adamax([p])
    o.step()
    step = o.state[p]["step"]
    assert type(step) is int if side.ours else (step.dtype, step.shape) == (side.torch.float32, ())


def test_f26_a_step_writes_into_the_parameter_s_memory(side: Any) -> None:
    p = side.param([1.0], [0.5])
    data = p.data
    side.Adamax([p]).step()
    assert side.values(data)[0] < 1


def test_f27_a_complex_parameter_is_two_real_ones(side: Any, same: Same) -> None:
    z, x = side.param([1 + 2j], [0.5 - 0.25j], "complex64"), side.param([1.0, 2.0], [0.5, -0.25])
    a, b = side.Adamax([z]), side.Adamax([x])
    for _ in range(3):
        a.step()
        b.step()
    assert same(np.array(side.values(z)).view(np.float64), np.array(side.values(x)))
    assert str(a.state[z]["exp_inf"].dtype).endswith("complex64")


def test_f28_half_precision_rounds_every_operation_once(side: Any) -> None:
    p = side.param([1.0], [0.3], "float16")
    o = side.Adamax([p], eps=1e-3)
    o.step()
    assert side.values(o.state[p]["exp_inf"]) == [float(np.float16(np.float32(np.float16(0.3)) + np.float32(np.float16(1e-3))))]


def test_f29_sparse_gradients_are_refused(side: Any, fails: Fails) -> None:
    p = side.param([1.0])
    o = side.Adamax([p])
    if side.on_tensors:
        p.grad = side.torch.tensor([1.0]).to_sparse()
    else:
        p.grad = type("Sparse", (), {"is_sparse": True})()
    with fails(RuntimeError, "Adamax does not support sparse gradients"):
        o.step()


def test_f40_add_param_group_checks_in_torch_s_order(side: Any, fails: Fails) -> None:
    p = side.param([1.0])
    o = side.Adamax([p])
    with fails(TypeError, "param_group must be a dict"):
        o.add_param_group([{"params": {p}}])
    with fails(TypeError, "ordered collections"):
        o.add_param_group({"params": {3}})
    with fails(ValueError, "Some param names are missing"):
        o.add_param_group({"params": [("a", 3), 3]})
    with fails(TypeError, "but one of the params is int"):
        o.add_param_group({"params": [("a", 3)]})
    with fails(ValueError, "with names to the optimizer"):
        o.add_param_group({"params": [("a", p)]})
    with fails(ValueError, "more than one parameter group"):
        o.add_param_group({"params": [p]})
    assert len(o.param_groups) == 1


def test_f41_zero_grad_leaves_the_state_alone(side: Any) -> None:
    p = side.param([1.0], [0.5])
    o = side.Adamax([p])
    o.step()
    assert o.zero_grad() is None
    assert p.grad is None
    assert side.steps(o, p) == 1


def test_f42_state_dict_numbers_parameters_over_the_groups(side: Any) -> None:
    p, q, r = side.param([1.0]), side.param([2.0]), side.param([3.0], [1.0])
    o = side.Adamax([{"params": [p, q]}, {"params": [r]}])
    o.step()
    side.give(p, [1.0])
    o.step()
    saved = o.state_dict()
    assert list(saved["state"]) == [2, 0]
    assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2]]
    assert saved["state"][2] is o.state[r]


def test_f42_a_duplicate_has_its_last_number_and_extra_keys_stand_before_params(side: Any) -> None:
    p, q = side.param([1.0]), side.param([2.0])
    with pytest.warns(UserWarning, match="duplicate parameters"):
        o = side.Adamax([{"params": [("z", p)]}, {"params": [("x", q), ("y", q)]}])
    side.LinearLR(o)
    saved = o.state_dict()["param_groups"]
    assert saved[1]["params"] == [2, 2]
    assert list(saved[0]) == ["param_names", *KEYS, "initial_lr", "params"]


def test_f43_load_state_dict_takes_what_state_dict_gave(side: Any) -> None:
    p = side.param([1.0], [0.5])
    o = side.Adamax([p], lr=0.5)
    o.step()
    q = side.param([1.0], [0.5])
    fresh = side.Adamax([q])
    assert fresh.load_state_dict(deepcopy(o.state_dict())) is None
    assert fresh.param_groups[0]["lr"] == 0.5
    assert side.steps(fresh, q) == 1


def test_f44_repr_is_torch_s_text(side: Any) -> None:
    assert repr(side.Adamax([{"params": [side.param([1.0])]}, {"params": [side.param([1.0])], "lr": 0.5}])) == (
        "Adamax (\n"
        "Parameter Group 0\n    betas: (0.9, 0.999)\n    capturable: False\n    differentiable: False\n    eps: 1e-08\n"
        "    foreach: None\n    lr: 0.002\n    maximize: False\n    weight_decay: 0\n\n"
        "Parameter Group 1\n    betas: (0.9, 0.999)\n    capturable: False\n    differentiable: False\n    eps: 1e-08\n"
        "    foreach: None\n    lr: 0.5\n    maximize: False\n    weight_decay: 0\n)"
    )


def test_f45_copies_step_on_their_own(side: Any) -> None:
    p = side.param([1.0], [0.5])
    o = side.Adamax([p])
    o.step()
    before = side.values(p)
    for copied in (deepcopy(o), pickle.loads(pickle.dumps(o))):
        q = copied.param_groups[0]["params"][0]
        side.give(q, [0.5])
        copied.step()
        assert side.steps(copied, q) == 2
        assert side.values(p) == before != side.values(q)


def test_f45_a_copy_of_ours_keeps_dialect_and_backend(our_side: Any) -> None:
    o = our_side.Adamax([our_side.param([1.0])], eps=0, dialect="paper", backend="numpy")
    copied = pickle.loads(pickle.dumps(o))
    assert (copied.dialect, copied.backend) == ("paper", "numpy")


def test_f46_f47_step_hooks_get_the_optimizer_and_the_arguments(side: Any) -> None:
    o = side.Adamax([side.param([1.0], [0.5])])
    seen: list[Any] = []
    for register in (o.register_step_pre_hook, o.register_step_post_hook):
        assert list(inspect.signature(register).parameters) == ["hook"]
        register(lambda optimizer, args, kwargs: seen.append((optimizer is o, args[0] is o, kwargs)))
    o.step()
    assert seen == [(True, True, {})] * 2


def test_f48_f49_state_dict_hooks(side: Any) -> None:
    o = side.Adamax([side.param([1.0])])
    seen: list[Any] = []
    o.register_state_dict_pre_hook(lambda optimizer: seen.append(optimizer is o))
    o.register_state_dict_post_hook(lambda optimizer, saved: {**saved, "more": 1})
    assert o.state_dict()["more"] == 1
    assert seen == [True]


def test_f50_f51_load_hooks(side: Any) -> None:
    o = side.Adamax([side.param([1.0])])
    saved = o.state_dict()
    seen: list[Any] = []

    def add(optimizer: Any, given: Any) -> Any:
        seen.append(given is saved)
        return {**given, "more": 1}

    o.register_load_state_dict_pre_hook(add)
    o.register_load_state_dict_pre_hook(lambda optimizer, given: seen.append(given["more"]))
    o.register_load_state_dict_post_hook(lambda optimizer: seen.append(optimizer is o))
    o.load_state_dict(saved)
    assert seen == [False, 1, True]


def test_f52_handles_have_numbers_and_are_context_managers(side: Any) -> None:
    o = side.Adamax([side.param([1.0], [0.5])])
    ran: list[int] = []
    with o.register_step_pre_hook(lambda *_: ran.append(1)) as handle:
        o.step()
    o.step()
    assert (ran, type(handle.id)) == ([1], int)


def test_f53_f54_global_hooks_run_outside_and_in_order(side: Any) -> None:
    o = side.Adamax([side.param([1.0], [0.5])])
    order: list[Any] = []

    def note(label: Any) -> Any:
        return lambda *_: order.append(label)

    home = side.global_hooks
    with (
        o.register_step_post_hook(note("own post")),
        home.register_optimizer_step_post_hook(note("global post")),
        o.register_step_pre_hook(note("own pre")),
        home.register_optimizer_step_pre_hook(note("global pre")),
    ):
        o.step(note("closure"))
    o.step()
    assert order == ["global pre", "own pre", "closure", "own post", "global post"]


def test_other_options_of_ours_may_be_arrays_of_one_element_too(our_side: Any) -> None:
    p, q = our_side.param([1.0], [0.5]), our_side.param([1.0], [0.5])
    our_side.Adamax([p], betas=(np.array(0.5), np.array([0.25])), eps=np.array(0.125), weight_decay=np.array([0.5])).step()
    our_side.Adamax([q], betas=(0.5, 0.25), eps=0.125, weight_decay=0.5).step()
    assert our_side.values(p) == our_side.values(q)
    with pytest.raises(ValueError, match="eps must be 1-element"):
        our_side.Adamax([p], eps=np.ones(2))
