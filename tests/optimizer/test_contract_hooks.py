"""Rules R69 to R79: hooks, by torch and by us."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]
DICT_HOOKS = (
    "register_state_dict_pre_hook",
    "register_state_dict_post_hook",
    "register_load_state_dict_pre_hook",
    "register_load_state_dict_post_hook",
)


def _optimizer(side: Any) -> tuple[Any, Any]:
    p = side.param([1.0], [1.0])
    return side.Adamax([p]), p


def test_r69_a_pre_hook_sees_the_optimizer_and_what_step_was_given(side: Any) -> None:
    o, _ = _optimizer(side)
    seen: list[Any] = []
    o.register_step_pre_hook(lambda *given: seen.append(given))

    def closure() -> int:
        return 1

    o.step()
    o.step(closure)
    o.step(closure=closure)
    assert seen == [(o, (o,), {}), (o, (o, closure), {}), (o, (o,), {"closure": closure})]


def test_r70_a_pre_hook_may_replace_the_arguments(side: Any) -> None:
    o, _ = _optimizer(side)
    o.register_step_pre_hook(lambda optimizer, args, kwargs: ((*args, lambda: "loss"), kwargs))
    seen: list[Any] = []
    o.register_step_post_hook(lambda optimizer, args, kwargs: seen.append(len(args)))
    assert o.step() == "loss"
    assert seen == [2]


@pytest.mark.parametrize("result", [3, True, False, 0, [(), {}], ((), {}, 1)])
def test_r71_a_pre_hook_returns_none_or_a_pair(side: Any, fails: Fails, result: Any) -> None:
    o, _ = _optimizer(side)
    o.register_step_pre_hook(lambda *_: result)
    with fails(RuntimeError, f" must return None or a tuple of (new_args, new_kwargs), but got {result}."):
        o.step()
    with fails(RuntimeError, "<function Adamax.step at "):
        o.step()


def test_r72_a_pre_hook_that_raises_stops_the_step(side: Any, fails: Fails) -> None:
    o, p = _optimizer(side)

    def stop(*_: Any) -> None:
        raise ArithmeticError("stop")

    o.register_step_pre_hook(stop)
    with fails(ArithmeticError, "stop"):
        o.step()
    assert (side.values(p), len(o.state)) == ([1.0], 0)


def test_r73_gradients_of_a_closure_are_there_after_the_step_and_not_before(side: Any) -> None:
    o, p = _optimizer(side)
    o.zero_grad()
    seen: list[Any] = []
    o.register_step_pre_hook(lambda *_: seen.append(p.grad))
    o.register_step_post_hook(lambda *_: seen.append(side.values(p.grad)))
    o.step(lambda: side.give(p, [2.0]))
    assert seen == [None, [2.0]]


@pytest.mark.parametrize("name", DICT_HOOKS)
def test_r74_dict_hooks_can_be_put_first_and_step_hooks_cannot(side: Any, fails: Fails, name: str) -> None:
    o, _ = _optimizer(side)
    for register in (o.register_step_pre_hook, o.register_step_post_hook):
        with fails(TypeError, "prepend"):
            register(print, prepend=True)
    order: list[str] = []
    for label, first in (("a", False), ("b", False), ("c", True)):
        getattr(o, name)(lambda *_, label=label: order.append(label), prepend=first)
    o.load_state_dict(o.state_dict())
    assert order == ["c", "a", "b"]


def test_r75_each_registration_counts_and_has_a_handle_of_its_own(side: Any) -> None:
    o, _ = _optimizer(side)
    runs: list[int] = []

    def hook(*_: Any) -> None:
        runs.append(1)

    first, second = o.register_step_post_hook(hook), o.register_step_post_hook(hook)
    assert first.id != second.id
    o.step()
    first.remove()
    first.remove()
    o.step()
    with second:
        o.step()
    o.step()
    assert len(runs) == 2 + 1 + 1


def test_r76_a_hook_may_add_and_remove_hooks_with_us(side: Any, fails: Fails) -> None:
    o, _ = _optimizer(side)
    o.register_step_post_hook(lambda *_: o.register_step_post_hook(lambda *_: None))
    o.register_step_post_hook(lambda *_: None)
    if side.ours:
        o.step()
        o.step()
    else:
        with fails(RuntimeError, "OrderedDict mutated during iteration"):
            o.step()


@pytest.mark.parametrize("name", ["register_step_pre_hook", "register_step_post_hook", *DICT_HOOKS])
def test_r77_a_hook_is_callable_and_we_say_so_at_once(side: Any, fails: Fails, name: str) -> None:
    o, _ = _optimizer(side)
    if side.ours:
        with fails(TypeError, "a hook must be callable, not 3"):
            getattr(o, name)(3)
    else:
        getattr(o, name)(3)
        with fails(TypeError, "'int' object is not callable"):
            o.step()
            o.load_state_dict(o.state_dict())


def test_r78_each_state_dict_hook_sees_the_result_of_the_one_before(side: Any) -> None:
    o, _ = _optimizer(side)
    o.register_state_dict_post_hook(lambda optimizer, saved: saved.update(first=1))
    o.register_state_dict_post_hook(lambda optimizer, saved: {**saved, "second": saved["first"] + 1})
    assert o.state_dict()["second"] == 2


def test_r79_a_load_hook_gets_a_shallow_copy_and_a_failing_load_runs_no_post_hooks(side: Any, fails: Fails) -> None:
    o, _ = _optimizer(side)
    saved = {**o.state_dict(), "note": 1}
    ran: list[str] = []

    def before(optimizer: Any, given: Any) -> None:
        ran.append("pre")
        given.pop("note")
        given["param_groups"][0]["lr"] = 0.5

    o.register_load_state_dict_pre_hook(before)
    o.register_load_state_dict_post_hook(lambda optimizer: ran.append("post"))
    o.load_state_dict(saved)
    assert "note" in saved
    assert saved["param_groups"][0]["lr"] == o.param_groups[0]["lr"] == 0.5
    with fails(ValueError, "different number of parameter groups"):
        o.load_state_dict({"state": {}, "param_groups": saved["param_groups"] * 2, "note": 1})
    assert ran == ["pre", "post", "pre"]


def test_a_state_dict_hook_of_ours_returns_a_mapping(our_side: Any, fails: Fails) -> None:
    o, _ = _optimizer(our_side)
    with o.register_state_dict_post_hook(lambda *_: 3), fails(TypeError, "must return None or a mapping, but got 3"):
        o.state_dict()
    with o.register_load_state_dict_pre_hook(lambda *_: 3), fails(TypeError, "must return None or a mapping, but got 3"):
        o.load_state_dict(o.state_dict())


def test_a_handle_outlives_its_optimizer(side: Any) -> None:
    o, _ = _optimizer(side)
    handle = o.register_step_pre_hook(print)
    del o
    handle.remove()


def test_copies_have_no_hooks(side: Any) -> None:
    from copy import deepcopy

    o, _ = _optimizer(side)
    ran: list[int] = []
    o.register_step_post_hook(lambda *_: ran.append(1))
    deepcopy(o).step()
    pickle.loads(pickle.dumps(o)).step()
    assert not ran
