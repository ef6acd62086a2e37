"""Shadow mode follows the outermost step: what a subclass does around ``super().step()`` is part of it."""

import json
import subprocess
import sys
from collections.abc import Callable
from copy import copy
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MethodType, ModuleType
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adamax_ref import shadow

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]
FILE = Path(__file__).with_name("tampered.py")
SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

RIGHT = {"passes on", "prepares the state", "restores the weights", "clears the gradients", "schedules after"}
"""Those that leave what torch's own step leaves."""

UNDECIDED = {"restores the weights with a closure"}
"""It evaluates the closure at other weights than torch's own step would, so that no gradient is known to compare with."""


@pytest.fixture(scope="module")
def tampered(missing: Callable[[str], NoReturn]) -> Any:
    """Return the module of wrong optimizers, in a process in which a plain Adamax was made."""
    try:
        import torch
    except ImportError as error:
        missing(f"torch is not installed ({error})")
    spec = spec_from_file_location("tampered", FILE)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["tampered"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    torch.optim.Adamax([torch.ones(1)])
    return module


def test_every_subclass_is_judged_as_torch_judges_it_whatever_was_made_before(peer: Peer, tampered: Any) -> None:
    peer("torch")
    program = subprocess.run([sys.executable, str(FILE)], check=True, capture_output=True, text=True)
    fresh = {name: tampered.Report(**report) for name, report in json.loads(program.stdout).items()}
    after = tampered.reports()
    assert fresh == after
    for name, report in fresh.items():
        report.check(name)
        plain = name.removesuffix(" disguised")
        assert report.equal is (plain.removesuffix(" with a closure") in RIGHT and plain not in UNDECIDED), name
        assert bool(report.omissions) is (plain in UNDECIDED), name
    assert len(tampered.TAMPERS) >= 12 + len(RIGHT)


@SETTINGS
@given(data=st.data())
def test_the_shadow_reports_a_difference_where_torch_s_own_step_differs_and_nowhere_else(tampered: Any, data: Any) -> None:
    words, hooks = data.draw(tampered.programs), data.draw(tampered.hook_sets)
    tampered.check_program(words, data.draw(st.booleans()), hooks)


@SETTINGS
@given(data=st.data())
def test_a_hook_that_changes_the_weights_after_a_step_changes_no_verdict(tampered: Any, data: Any) -> None:
    tampered.check_weight_hook(data.draw(tampered.programs), data.draw(st.booleans()), data.draw(st.booleans()))


def _adamax(torch: Any, cls: Any = None, **options: Any) -> tuple[Any, Any]:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
    p.grad = torch.tensor([0.5, 0.25, -1.0])
    return p, (cls or torch.optim.Adamax)([p], lr=0.1, **options)


def _none(_: Any) -> None:
    """Return nothing, as a hook has to."""


def _halving(step: Callable[..., Any], p: Any) -> Callable[..., Any]:
    def halve(self: Any, *args: Any, **kwargs: Any) -> Any:
        p.data.mul_(0.5)
        return step(*args, **kwargs)

    return halve


def test_a_step_that_was_replaced_on_the_instance_before_is_followed_as_a_whole(peer: Peer) -> None:
    torch = peer("torch")
    p, o = _adamax(torch)
    mine = MethodType(_halving(o.step, p), o)
    o.step = mine
    with shadow(o) as s:
        o.step()
    assert s.divergence is not None
    assert s.divergence.quantity == "p"
    assert o.step is mine


def test_a_step_that_is_replaced_while_it_is_watched_is_not_called_right(peer: Peer) -> None:
    torch = peer("torch")
    p, o = _adamax(torch)
    with shadow(o) as s:
        o.step()
        mine = MethodType(_halving(o.step, p), o)
        o.step = mine
        o.step()
    assert (s.steps, s.compared, s.equal, s.divergence) == (2, 1, False, None)
    assert "1 of 2 steps compared in full, 9 numbers in all" in str(s)
    assert "left out (1 time): optimizer.step was replaced after the shadow was attached" in str(s)
    assert o.step is mine  # it is the user's; what it wraps does no more than the step
    o.step()
    assert (s.steps, o.state[p]["step"]) == (2, 3)


@pytest.mark.parametrize("way", ["method", "class"])
def test_a_step_past_the_attribute_is_counted_as_not_compared(peer: Peer, way: str) -> None:
    torch = peer("torch")
    _, o = _adamax(torch)
    early = o.step if way == "method" else lambda: type(o).step(o)
    with shadow(o) as s:
        early()
        o.step()
        early()
    assert (s.steps, s.compared, s.elements, s.equal) == (3, 1, 9, False)
    assert "left out (2 times): the step was called past optimizer.step" in str(s)


def test_a_wrapper_that_puts_its_own_step_back_is_noticed(peer: Peer) -> None:
    """Accelerate does so around each step that a gradient scaler makes."""
    torch = peer("torch")
    _, o = _adamax(torch)
    original = o.step
    with shadow(o) as s:
        for _ in range(3):
            o.step()
            o.step = original
    assert (s.steps, s.compared) == (3, 1)
    assert not s.equal


@pytest.mark.parametrize("when", ["before", "inside"])
@pytest.mark.parametrize("closing", [False, True])
def test_schedules_of_torch_are_transparent(peer: Peer, when: str, closing: bool) -> None:
    torch = peer("torch")
    p, o = _adamax(torch)
    kind: Any = torch.optim.lr_scheduler.ExponentialLR
    schedule = kind(o, 0.5) if when == "before" else None
    step_before = vars(o).get("step")
    with shadow(o) as s:
        schedule = schedule or kind(o, 0.5)
        for _ in range(3):
            o.step(lambda: p.grad.mul_(0.75)) if closing else o.step()
            schedule.step()
    assert s.equal, str(s)
    assert s.steps == 3
    if when == "before":
        assert vars(o)["step"] is step_before
    o.step()
    schedule.step()
    assert s.steps == 3


def test_a_gradient_scaler_s_skipped_steps_are_no_steps(peer: Peer) -> None:
    torch = peer("torch")
    p, o = _adamax(torch)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    with shadow(o) as s:
        for factor in (1.0, float("inf"), 2.0):
            o.zero_grad()
            scaler.scale((p * factor).sum()).backward()
            scaler.step(o)
            scaler.update()
    assert s.equal, str(s)
    assert s.steps == 2


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("kind", ["clip", "zero", "clamp", "rate", "average"])
def test_hooks_of_the_user_are_no_part_of_the_step(peer: Peer, kind: str, every: bool, inside: bool) -> None:
    torch = peer("torch")
    p, o = _adamax(torch)
    averages = []
    hooks: dict[str, Callable[..., Any]] = {
        "clip": lambda *_: _none(p.grad.clamp_(-0.125, 0.125)),
        "zero": lambda *_: o.zero_grad(),
        "clamp": lambda *_: p.data.clamp_(-0.25, 0.25),
        "rate": lambda *_: o.param_groups[0].update(lr=o.param_groups[0]["lr"] * 0.5),
        "average": lambda *_: averages.append(p.detach().clone()),
    }
    when = "pre" if kind == "clip" else "post"
    home = sys.modules["torch.optim.optimizer"] if every else o
    register = getattr(home, f"register_{'optimizer_' * every}step_{when}_hook")
    handles = [] if inside else [register(hooks[kind])]
    with shadow(o) as s:
        handles += [register(hooks[kind])] if inside else []
        for _ in range(3):
            p.grad = torch.sin(p.detach())
            o.step()
    for handle in handles:
        handle.remove()
    assert s.equal, str(s)
    assert (s.steps, s.elements) == (3, 27)
    assert not o._optimizer_step_post_hooks


def test_a_pre_hook_that_brings_another_closure_is_followed(peer: Peer) -> None:
    torch = peer("torch")
    p, o = _adamax(torch)

    def closure() -> None:
        p.grad = torch.cos(p.detach())

    for args, kwargs in (((o, closure), {}), ((o,), {"closure": closure})):
        arguments: Any = args, kwargs
        with o.register_step_pre_hook(lambda *_, arguments=arguments: arguments), shadow(o) as s:
            o.step()
        assert s.equal, str(s)


def test_a_hook_that_makes_a_step_of_another_optimizer_is_no_confusion(peer: Peer) -> None:
    torch = peer("torch")
    _, o = _adamax(torch)
    q, other = _adamax(torch)
    other.register_step_post_hook(lambda *_: q.data.mul_(0.5))
    with o.register_step_post_hook(lambda *_: other.step()), shadow(o) as s, shadow(other) as t:
        o.step()
        other.step()
    assert s.equal and t.equal
    assert (s.steps, t.steps) == (1, 2)


def test_a_hook_may_end_the_observation(peer: Peer) -> None:
    torch = peer("torch")
    _, o = _adamax(torch)
    s = shadow(o)
    with o.register_step_post_hook(lambda *_: s.close()):
        o.step()
        o.step()
    assert (s.steps, s.elements) == (1, 0)
    assert "step" not in vars(o) and not o._optimizer_step_pre_hooks


def test_an_error_of_the_step_reaches_the_user_and_the_next_step_is_followed(peer: Peer) -> None:
    torch = peer("torch")

    class Fails(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        def step(self, closure: Any = None) -> Any:
            super().step(closure)
            if self.state[p]["step"] == 2:
                raise KeyError("half way")

    p, o = _adamax(torch, Fails)
    with shadow(o) as s:
        o.step()
        with pytest.raises(KeyError, match="half way"):
            o.step()
        o.step()
        with pytest.raises(ZeroDivisionError):
            o.step(lambda: 1 // 0)
    assert (s.steps, s.compared, s.divergence) == (4, 2, None)
    assert s.omissions == {"the step raised KeyError": 1, "the step raised ZeroDivisionError": 1}
    assert not s.equal


@pytest.mark.parametrize("first_closed", [0, 1])
def test_two_shadows_of_one_optimizer_see_the_same_and_leave_nothing(peer: Peer, first_closed: int) -> None:
    torch = peer("torch")
    _, o = _adamax(torch, eps=0.5)
    both = shadow(o), shadow(o, dialect="keras")
    o.step()
    both[first_closed].close()
    o.step()
    both[1 - first_closed].close()
    assert "step" not in vars(o)
    assert not o._optimizer_step_pre_hooks and not o._optimizer_step_post_hooks
    assert both[0].equal
    assert both[0].steps == 2 - (first_closed == 0)
    assert both[1].divergence is not None


def test_a_copy_of_a_watched_optimizer_steps_for_itself(peer: Peer) -> None:
    torch = peer("torch")

    class Whole(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        def __getstate__(self) -> dict[str, Any]:
            return dict(vars(self))

    _, o = _adamax(torch, Whole)
    with shadow(o) as s:
        twin = copy(o)
        twin.param_groups = [{**o.param_groups[0], "params": [torch.nn.Parameter(torch.ones(3))]}]
        twin.step = MethodType(o.step.__func__, twin)  # as copies of whole objects have it
        twin.step()
        assert s.steps == 0
        o.step()
    assert s.steps == 1
