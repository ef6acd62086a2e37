"""Rules R26 to R41: parameter groups and names, by torch and by us."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]


def test_r26_options_of_a_group_override_the_constructors(side: Any) -> None:
    o = side.Adamax([{"params": [side.param([1.0])], "lr": 0.5}, {"params": [side.param([1.0])]}], lr=0.25, eps=1e-3)
    assert [(group["lr"], group["eps"]) for group in o.param_groups] == [(0.5, 1e-3), (0.25, 1e-3)]


def test_r27_two_groups_step_like_two_optimizers(side: Any, same: Callable[[Any, Any], bool]) -> None:
    together = [side.param([1.0, 2.0], [0.3, -0.7]), side.param([3.0], [0.1])]
    apart = [side.param([1.0, 2.0], [0.3, -0.7]), side.param([3.0], [0.1])]
    optimizers = [
        side.Adamax([{"params": [together[0]], "lr": 0.1}, {"params": [together[1]], "weight_decay": 0.3}]),
        side.Adamax([apart[0]], lr=0.1),
        side.Adamax([apart[1]], weight_decay=0.3),
    ]
    for _ in range(3):
        for optimizer in optimizers:
            optimizer.step()
    assert all(same(a.data, b.data) for a, b in zip(together, apart, strict=True))


def test_r28_an_unknown_key_is_kept_shown_and_saved(side: Any) -> None:
    o = side.Adamax([{"params": [side.param([1.0])], "note": "first"}])
    assert o.param_groups[0]["note"] == "first"
    assert "    note: first\n" in repr(o)
    assert o.state_dict()["param_groups"][0]["note"] == "first"


def test_r29_options_of_a_group_are_checked_by_us(side: Any, fails: Fails) -> None:
    for option, value, words in (
        ("lr", -1, "Invalid learning rate: -1 (param_groups[1])"),
        ("betas", (2, 2), "Invalid beta parameter at index 0: 2 (param_groups[1])"),
    ):
        groups = [{"params": [side.param([1.0])]}, {"params": [side.param([1.0])], option: value}]
        if side.ours:
            with fails(ValueError, words):
                side.Adamax(groups)
        else:
            assert side.Adamax(groups).param_groups[1][option] == value


def test_r30_options_changed_between_steps_are_checked_by_us(side: Any, fails: Fails) -> None:
    p, q = side.param([1.0], [1.0]), side.param([1.0], [1.0])
    o = side.Adamax([{"params": [p]}, {"params": [q]}])
    o.step()
    o.param_groups[1]["lr"] = -1.0
    before = side.snapshot(o)
    if side.ours:
        with fails(ValueError, "Invalid learning rate: -1.0 (param_groups[1])"):
            o.step()
        assert side.snapshot(o) == before
    else:
        o.step()
        assert side.values(q)[0] > before[0][1][0][0]


@pytest.mark.parametrize("wrong", [[], None])
def test_r31_a_group_is_a_dictionary(side: Any, fails: Fails, wrong: Any) -> None:
    o = side.Adamax([side.param([1.0])])
    with fails(TypeError, f"param_group must be a dict, but got {type(wrong)}"):
        o.add_param_group(wrong)


def test_r32_a_group_has_parameters(side: Any, fails: Fails) -> None:
    with fails(KeyError, "'params'"):
        side.Adamax([side.param([1.0])]).add_param_group({"lr": 0.1})


def test_r33_a_set_of_parameters_has_no_order(side: Any, fails: Fails) -> None:
    words = (
        "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
        "change between runs. Please use a list instead."
    )
    with fails(TypeError, words):
        side.Adamax([{"params": {side.param([1.0])}}])


def test_r34_a_parameter_belongs_to_one_group_and_identity_decides(side: Any, fails: Fails) -> None:
    p, twin = side.param([1.0]), side.param([1.0])
    o = side.Adamax([p])
    with fails(ValueError, "some parameters appear in more than one parameter group"):
        o.add_param_group({"params": [p]})
    o.add_param_group({"params": [twin]})
    assert len(o.param_groups) == 2


def test_r35_a_refused_group_is_left_alone_by_us(side: Any, fails: Fails) -> None:
    p = side.param([1.0])
    o = side.Adamax([p])
    group = {"params": [p], "lr": 0.5}
    with fails(ValueError, "some parameters appear"):
        o.add_param_group(group)
    assert len(o.param_groups) == 1
    assert set(group) == ({"params", "lr"} if side.ours else {"params", *o.defaults})
    accepted = {"params": (p for p in [side.param([2.0])])}
    o.add_param_group(accepted)
    assert o.param_groups[1] is accepted


@pytest.mark.parametrize("foreach", [None, False, True])
def test_r36_a_parameter_that_stands_twice_is_stepped_twice_with_a_warning(side: Any, foreach: bool | None) -> None:
    p = side.param([1.0], [1.0])
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        o = side.Adamax([p, p], lr=0.1, foreach=foreach)
    o.step()
    assert side.steps(o, p) == 2
    assert side.values(p) == pytest.approx([0.8], abs=2 * 3 * 2.0**-24)  # twice lr; a step rounds three numbers below 1


def test_r37_all_names_or_none_within_a_group(side: Any, fails: Fails) -> None:
    with fails(ValueError, "all optimizer params should be with/without names. Some param names are missing"):
        side.Adamax([("a", side.param([1.0])), side.param([1.0])])


def test_r38_all_names_or_none_across_groups(side: Any, fails: Fails) -> None:
    words = "all optimizer param groups should be with/without names. cannot add param group "
    bare, named = side.Adamax([side.param([1.0])]), side.Adamax([("a", side.param([1.0]))])
    with fails(ValueError, words + "with names to the optimizer"):
        bare.add_param_group({"params": [("b", side.param([1.0]))]})
    with fails(ValueError, words + "without names to the optimizer"):
        named.add_param_group({"params": [side.param([1.0])]})


def test_r39_pairs_are_two_long_with_names_that_are_strings_and_differ_for_us(side: Any, fails: Fails) -> None:
    p, q = side.param([1.0]), side.param([1.0])
    short: list[Any] = [("a",)]
    if not side.ours:
        with fails(IndexError, "tuple index out of range"):
            side.Adamax(short)
        for passing in ([("a", p, 3)], [(3, p)], [("a", p), ("a", q)]):
            assert "param_names" in side.Adamax(passing).param_groups[0]
        return
    for pairs, words in (
        (short, "params[0] is a tuple of length 1"),
        ([("a", p, 3)], "params[0] is a tuple of length 3"),
        ([(3, p)], "a name must be a string"),
        ([("a", p), ("a", q)], "params[1] has the name 'a', which an earlier parameter of the group has"),
    ):
        with fails(ValueError, words):
            side.Adamax(pairs)


def test_r40_a_single_parameter_is_wrapped(side: Any) -> None:
    o, p = side.Adamax([side.param([1.0])]), side.param([2.0])
    o.add_param_group({"params": p})
    assert len(o.param_groups[1]["params"]) == 1
    assert o.param_groups[1]["params"][0] is p


def test_r41_a_group_that_joins_late_starts_at_step_one(side: Any) -> None:
    p, q = side.param([1.0], [1.0]), side.param([1.0], [1.0])
    o = side.Adamax([p])
    for _ in range(3):
        o.step()
    o.add_param_group({"params": [q]})
    o.step()
    assert (side.steps(o, p), side.steps(o, q)) == (4, 1)
