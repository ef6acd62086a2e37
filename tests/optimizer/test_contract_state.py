"""Rules R80 to R98: state dictionaries, by torch and by us."""

import json
import math
import pickle
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]
Same = Callable[[Any, Any], bool]


def _stepped(side: Any, steps: int = 1, kind: str = "float32", **options: Any) -> tuple[Any, Any]:
    p = side.param([1.0, 2.0], [0.5, -0.25], kind)
    o = side.Adamax([p], **options)
    for _ in range(steps):
        o.step()
    return o, p


def _plain(o: Any) -> Any:
    """Return a state dictionary with every array as a list, so that ``==`` means equal."""
    saved = o.state_dict()
    state = {k: {name: np.asarray(v).tolist() for name, v in entry.items()} for k, entry in saved["state"].items()}
    return {"state": state, "param_groups": saved["param_groups"]}


def test_r80_a_fresh_optimizer_has_no_state(side: Any) -> None:
    saved = side.Adamax([side.param([1.0]), side.param([2.0])]).state_dict()
    keys = ["lr", "betas", "eps", "weight_decay", "foreach", "maximize", "differentiable", "capturable", "params"]
    assert saved["state"] == {}
    assert list(saved) == ["state", "param_groups"]
    assert list(saved["param_groups"][0]) == keys
    assert saved["param_groups"][0]["params"] == [0, 1]


def test_r81_saving_and_loading_in_the_middle_changes_nothing(side: Any, same: Same) -> None:
    whole, p = _stepped(side, 20, weight_decay=0.1)
    half, q = _stepped(side, 10, weight_decay=0.1)
    fresh, r = _stepped(side, 0, weight_decay=0.1)
    r.data = deepcopy(q.data)
    fresh.load_state_dict(deepcopy(half.state_dict()))
    for _ in range(10):
        fresh.step()
    assert same(p.data, r.data)
    assert _plain(whole) == _plain(fresh)


def test_r82_the_number_of_groups_must_fit(side: Any, fails: Fails) -> None:
    o, _ = _stepped(side)
    with fails(ValueError, "loaded state dict has a different number of parameter groups"):
        o.load_state_dict({"state": {}, "param_groups": []})


def test_r83_the_size_of_each_group_must_fit(side: Any, fails: Fails) -> None:
    o, _ = _stepped(side)
    saved = side.Adamax([side.param([1.0]), side.param([1.0])]).state_dict()
    words = "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
    with fails(ValueError, words):
        o.load_state_dict(saved)


def test_r84_saved_ids_are_matched_by_position(side: Any) -> None:
    p, q = side.param([1.0], [1.0]), side.param([2.0], [2.0])
    o = side.Adamax([p, q])
    o.step()
    saved = deepcopy(o.state_dict())
    saved["param_groups"][0]["params"] = [7, 9]
    saved["state"] = {9: saved["state"][1], 7: saved["state"][0]}
    before = _plain(o)
    o.load_state_dict(saved)
    assert _plain(o)["state"][0] == before["state"][0]
    assert o.state_dict()["param_groups"][0]["params"] == [0, 1]


def test_r85_options_that_older_files_lack_are_off(side: Any) -> None:
    o, _ = _stepped(side, maximize=True)
    saved = deepcopy(o.state_dict())
    later = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}
    for option in later:
        del saved["param_groups"][0][option]
    o.load_state_dict(saved)
    assert {option: o.param_groups[0][option] for option in later} == later


@pytest.mark.parametrize("step", [5, 5.0, np.float64(5), "0-d float32", "0-d float64", "0-d int64", "one element"])
def test_r86_a_step_may_be_any_whole_number(side: Any, step: Any) -> None:
    o, p = _stepped(side)
    saved = deepcopy(o.state_dict())
    if isinstance(step, str):
        kind = step.rpartition(" ")[2]
        step = side.torch.tensor([5.0]) if step == "one element" else side.torch.tensor(5, dtype=getattr(side.torch, kind))
    saved["state"][0]["step"] = step
    o.load_state_dict(saved)
    o.step()
    assert side.steps(o, p) == 6


def test_r86_arrays_without_axes_load_with_us(side: Any, fails: Fails) -> None:
    o, p = _stepped(side)
    saved = deepcopy(o.state_dict())
    saved["state"][0]["step"] = np.array(5)
    if side.ours:
        o.load_state_dict(saved)
        assert side.steps(o, p) == 5
    else:
        with fails(TypeError, "iteration over a 0-d array"):
            o.load_state_dict(saved)


@pytest.mark.parametrize("step", [None, "5", -1, 2.5, math.nan, math.inf])
def test_r86_a_step_that_counts_nothing_is_refused_by_us(our_side: Any, fails: Fails, step: Any) -> None:
    o, _ = _stepped(our_side)
    before = _plain(o)
    saved = deepcopy(o.state_dict())
    saved["state"][0]["step"] = step
    with fails(ValueError, "step must be a whole number of at least 0"):
        o.load_state_dict(saved)
    assert _plain(o) == before


def test_r87_state_takes_the_dtype_of_its_parameter(side: Any, same: Same) -> None:
    o, p = _stepped(side)
    saved = deepcopy(o.state_dict())
    wide = side.array([0.1, 0.7], "float64")
    saved["state"][0]["exp_avg"] = wide
    o.load_state_dict(saved)
    assert same(o.state[p]["exp_avg"], side.array([0.1, 0.7]))
    assert saved["state"][0]["exp_avg"] is wide


def test_r88_loading_copies_with_us(side: Any) -> None:
    giver, _ = _stepped(side)
    taker, _ = _stepped(side, 0)
    taker.load_state_dict(giver.state_dict())
    before = side.values(giver.state_dict()["state"][0]["exp_avg"])
    taker.step()
    after = side.values(giver.state_dict()["state"][0]["exp_avg"])
    assert (before == after) == side.ours


@pytest.mark.parametrize("part", ["step", "exp_avg", "exp_inf", "shape"])
def test_r89_state_with_something_missing_or_misshapen_is_refused_at_loading_by_us(side: Any, fails: Fails, part: str) -> None:
    o, _ = _stepped(side)
    before, saved = _plain(o), deepcopy(o.state_dict())
    if part == "shape":
        saved["state"][0]["exp_avg"] = side.array([1.0] * 5)
    else:
        del saved["state"][0][part]
    if side.ours:
        words = "exp_avg of state[0] has shape (5,)" if part == "shape" else f"state[0] of the loaded state dict lacks {part}"
        with fails(ValueError, words):
            o.load_state_dict(saved)
        assert _plain(o) == before
    else:
        kind, words = (RuntimeError, "The size of tensor a (5)") if part == "shape" else (KeyError, f"'{part}'")
        with fails(kind, words):
            o.load_state_dict(saved)
            o.step()


def test_r90_an_empty_state_begins_afresh(side: Any) -> None:
    o, p = _stepped(side, 3)
    saved = deepcopy(o.state_dict())
    saved["state"][0] = {}
    o.load_state_dict(saved)
    o.step()
    assert side.steps(o, p) == 1


def test_r91_arrays_and_strings_in_the_state_are_taken_as_they_are_by_us(side: Any, fails: Fails, same: Same) -> None:
    o, p = _stepped(side)
    saved = deepcopy(o.state_dict())
    saved["state"][0]["exp_avg"] = np.array([0.1, 0.7], np.float32)
    if not side.ours:
        with fails(TypeError):
            o.load_state_dict(saved)
        return
    saved["state"][0]["note"] = "kept"
    o.load_state_dict(saved)
    assert same(o.state[p]["exp_avg"], np.array([0.1, 0.7], np.float32))
    assert o.state[p]["note"] == "kept"
    o.step()


def test_r92_what_is_no_state_dictionary_is_refused(side: Any, fails: Fails) -> None:
    o, _ = _stepped(side)
    with fails(TypeError if side.ours else AttributeError):
        o.load_state_dict(None)
    with fails(KeyError, "'param_groups'"):
        o.load_state_dict({})
    with fails(KeyError, "'state'"):
        o.load_state_dict({"param_groups": o.state_dict()["param_groups"]})


def test_r93_options_that_are_missing_are_named_at_loading_by_us(side: Any, fails: Fails) -> None:
    o, _ = _stepped(side)
    saved = deepcopy(o.state_dict())
    del saved["param_groups"][0]["eps"]
    if side.ours:
        with fails(ValueError, "param_groups[0] of the loaded state dict lacks eps"):
            o.load_state_dict(saved)
    else:
        o.load_state_dict(saved)
        with fails(KeyError, "'eps'"):
            o.step()


def test_r94_names_of_the_file_win_and_ours_stay_without_them(side: Any) -> None:
    bare = side.Adamax([side.param([1.0])])
    one = side.Adamax([("one", side.param([1.0]))])
    two = side.Adamax([("two", side.param([1.0]))])
    one.load_state_dict(bare.state_dict())
    assert one.param_groups[0]["param_names"] == ["one"]
    one.load_state_dict(two.state_dict())
    assert one.param_groups[0]["param_names"] == ["two"]
    bare.load_state_dict(two.state_dict())
    assert bare.param_groups[0]["param_names"] == ["two"]


def test_r95_complex_state_is_cast_by_us(side: Any, fails: Fails) -> None:
    p = side.param([1 + 2j], [1j], "complex128")
    o = side.Adamax([p])
    o.step()
    saved = deepcopy(o.state_dict())
    saved["state"][0]["exp_avg"] = side.array([1 + 1j], "complex64")
    o.load_state_dict(saved)
    if side.ours:
        o.step()
        assert str(o.state[p]["exp_avg"].dtype).endswith("complex128")
    else:
        with fails(RuntimeError, "expected dtype float for `end` but got dtype double"):
            o.step()


def test_r96_copies_have_their_own_parameters_and_the_same_values(side: Any) -> None:
    o, p = _stepped(side)
    for copied in (deepcopy(o), pickle.loads(pickle.dumps(o))):
        q = copied.param_groups[0]["params"][0]
        assert q is not p
        assert side.values(q) == side.values(p)
        assert _plain(copied) == _plain(o)
        assert q.grad is None
    assert {"defaults", "state", "param_groups"} <= set(o.__getstate__())


def test_r97_loading_does_not_change_the_defaults(side: Any) -> None:
    o, _ = _stepped(side)
    saved = deepcopy(o.state_dict())
    saved["param_groups"][0]["lr"] = 0.5
    o.load_state_dict(saved)
    o.add_param_group({"params": [side.param([1.0])]})
    assert [group["lr"] for group in o.param_groups] == [0.5, 2e-3]


def test_r98_betas_may_come_back_as_a_list(side: Any) -> None:
    o, _ = _stepped(side)
    saved = deepcopy(o.state_dict())
    saved["param_groups"] = json.loads(json.dumps(saved["param_groups"]))
    o.load_state_dict(saved)
    o.step()
    assert o.param_groups[0]["betas"] == [0.9, 0.999]


def test_ids_that_belong_to_nobody_are_kept_with_one_warning_by_us(our_side: Any) -> None:
    o, _ = _stepped(our_side)
    saved = deepcopy(o.state_dict())
    saved["state"]["0"] = saved["state"].pop(0)
    with pytest.warns(UserWarning, match="belong to no parameter: '0'"):
        o.load_state_dict(saved)
    assert set(o.state_dict()["state"]) == {"0"}


def test_state_of_another_dtype_can_be_kept_and_is_refused_by_a_step(our_side: Any, fails: Fails) -> None:
    o, p = _stepped(our_side)
    saved = deepcopy(o.state_dict())
    saved["state"][0]["exp_avg"] = np.array([0.1, 0.7])
    o.load_state_dict(saved, cast=False)
    assert o.state[p]["exp_avg"].dtype == np.float64
    before = our_side.values(p)
    with fails(ValueError, "exp_avg of param_groups[0]['params'][0] has shape (2,) and dtype float64"):
        o.step()
    assert our_side.values(p) == before


def test_real_state_of_a_complex_parameter_and_states_of_adam_are_refused(our_side: Any, fails: Fails) -> None:
    p = our_side.param([1j], [1j], "complex64")
    o = our_side.Adamax([p])
    o.step()
    saved = deepcopy(o.state_dict())
    saved["state"][0]["exp_inf"] = np.array([1.0], np.float32)
    with fails(ValueError, "both or neither must be complex"):
        o.load_state_dict(saved)
    saved["state"][0] = {"step": 1, "exp_avg": saved["state"][0]["exp_avg"], "exp_avg_sq": saved["state"][0]["exp_avg"]}
    with fails(ValueError, "it looks like a state of Adam"):
        o.load_state_dict(saved)


def test_a_copied_state_dict_is_a_snapshot(our_side: Any) -> None:
    o, _ = _stepped(our_side)
    live, snapshot = o.state_dict(), o.state_dict(copy=True)
    before = live["state"][0]["exp_avg"].tolist()
    o.step()
    assert live["state"][0]["exp_avg"].tolist() != before == snapshot["state"][0]["exp_avg"].tolist()
