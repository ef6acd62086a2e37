"""What shadow mode does not compare it says; it says nothing right of nothing, and raises nothing into the training."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adamax_ref import Adamax, Parameter, shadow

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]
SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GRAIN = 32768


def _parameter(torch: Any, values: Any = (1.0, -2.0, 0.5), **options: Any) -> Any:
    p = torch.nn.Parameter(torch.tensor(values, **options))
    p.grad = torch.full_like(p, 0.25)
    return p


def _subclass(torch: Any, after: Callable[[Any], Any], before: Callable[[Any], Any] = lambda o: None) -> Any:
    class Mine(torch.optim.Adamax):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            before(self)
            loss = super().step(closure)
            after(self)
            return loss

    return Mine


def test_nothing_is_not_equal(peer: Peer) -> None:
    torch = peer("torch")
    o = torch.optim.Adamax([_parameter(torch)])
    empty = torch.optim.Adamax([{"params": []}, {"params": [_parameter(torch, [])]}])
    with shadow(o) as none, shadow(empty) as nothing:
        empty.step()
    assert (none.steps, none.compared, none.elements, none.parameters, none.equal) == (0, 0, 0, 0, False)
    assert str(none) == "nothing was compared in 0 steps"
    assert (nothing.steps, nothing.elements, nothing.equal) == (1, 0, False)
    assert str(nothing) == "nothing was compared in 1 step"


def test_a_parameter_without_gradient_must_stay_where_it_is(peer: Peer) -> None:
    torch = peer("torch")
    p, q = _parameter(torch), _parameter(torch)
    q.grad = None
    right = torch.optim.Adamax([p, q])
    wrong = _subclass(torch, lambda o: q.data.mul_(0.9))([p, q])
    with shadow(right) as s, shadow(wrong) as t:
        right.step()
        wrong.step()
    assert s.equal
    assert (s.parameters, s.elements) == (2, 12)
    assert t.divergence is not None
    assert t.divergence.parameter == "param_groups[0]['params'][1]"


def test_every_other_optimizer_of_torch_is_refused_by_name_when_attached(peer: Peer) -> None:
    torch = peer("torch")
    kinds = [kind for kind in vars(torch.optim).values() if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)]
    others = [kind for kind in kinds if kind not in (torch.optim.Optimizer, torch.optim.Adamax)]
    assert len(others) >= 12
    for kind in others:
        p = _parameter(torch, [[1.0, 2.0]])
        o = kind([p], lr=0.1)
        with pytest.raises(TypeError, match=f"optimizer is {kind.__name__}, which is no Adamax: .*; pass an Adamax"):
            shadow(o)
        assert "step" not in vars(o) and not o._optimizer_step_pre_hooks


def _foreign(torch: Any, **defaults: Any) -> Any:
    """Return an optimizer that has nothing of torch's Adamax, with the state of Adam."""

    class Foreign(torch.optim.Optimizer):  # type: ignore[misc]
        def step(self, closure: Any = None) -> None:
            for p in self.param_groups[0]["params"]:
                state = self.state[p]
                if not state:
                    state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
                state["step"] += 1
                state["exp_avg"].lerp_(p.grad, 0.1)
                state["exp_avg_sq"].mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
                p.data.addcdiv_(state["exp_avg"], state["exp_avg_sq"].sqrt(), value=-0.1)

    usual = {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
    return Foreign([_parameter(torch)], {**usual, **defaults})


def test_an_adam_of_other_hands_is_recognised_by_its_state(peer: Peer) -> None:
    torch = peer("torch")
    o = _foreign(torch)
    with shadow(o) as s:
        o.step()
    assert s.divergence is not None
    assert s.divergence.quantity == "exp_inf"
    assert "exp_inf\n  got     nothing\n  wanted  float32 of shape (3,)" in str(s)
    with pytest.raises(TypeError, match=r"the state of param_groups\[0\]\['params'\]\[0\] has no exp_inf"):
        shadow(o)
    with pytest.raises(TypeError, match="it is of another family, whose state has no exp_inf"):
        shadow(_foreign(torch, amsgrad=False))


@pytest.mark.parametrize("option", ["lr", "betas", "eps", "weight_decay"])
def test_an_option_that_no_release_left_out_is_missed_by_name(peer: Peer, option: str) -> None:
    o = _foreign(peer("torch"))
    del o.param_groups[0][option]
    with pytest.raises(TypeError, match=rf"param_groups\[0\] has no {option}; pass an Adamax"):
        shadow(o)


def test_a_class_from_before_the_later_options_is_followed_with_what_they_meant(peer: Peer) -> None:
    torch = peer("torch")

    class Old(torch.optim.Optimizer):  # type: ignore[misc, name-defined]
        """As it was before maximize, foreach and capturable; it counts in Python."""

        @torch.no_grad()  # type: ignore[untyped-decorator]
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    if not state:
                        state.update(step=0, exp_avg=torch.zeros_like(p), exp_inf=torch.zeros_like(p))
                    state["step"] += 1
                    state["exp_avg"].lerp_(p.grad, 1 - group["betas"][0])
                    norm = state["exp_inf"].mul_(group["betas"][1])
                    torch.maximum(norm, p.grad.abs().add_(group["eps"]), out=norm)
                    p.addcdiv_(state["exp_avg"], norm, value=-(group["lr"] / (1 - group["betas"][0] ** state["step"])))

    o = Old([_parameter(torch)], {"lr": 0.1, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0})
    with shadow(o) as s:
        o.step()
        o.step()
    assert s.equal, str(s)
    assert "maximize" not in o.param_groups[0]


BREAKS: dict[str, Callable[[Any], Any]] = {
    "groups": lambda o: setattr(o, "param_groups", None),
    "a group": lambda o: o.param_groups.append(3),
    "parameters": lambda o: o.param_groups[0].update(params=None),
    "a parameter": lambda o: o.param_groups[0].update(params=["weight"]),
    "state": lambda o: setattr(o, "state", None),
    "a state": lambda o: o.state.update(dict.fromkeys(o.param_groups[0]["params"], 7)),
    "a counter": lambda o: _state(o).update(step="three"),
    "a counter of two": lambda o: _state(o).update(step=o.param_groups[0]["params"][0].data[:2]),
    "a counter that is no number": lambda o: _state(o).update(step=float("nan")),
    "a moment": lambda o: _state(o).update(exp_avg="moment"),
    "a norm": lambda o: _state(o).update(exp_inf=None),
}
INVALID: dict[str, Callable[[Any], Any]] = {
    "a rate": lambda o: o.param_groups[0].update(lr="fast"),
    "a negative rate": lambda o: o.param_groups[0].update(lr=-1.0),
    "betas": lambda o: o.param_groups[0].update(betas=(0.9,)),
    "an option": lambda o: o.param_groups[0].pop("eps"),
}


def _state(o: Any) -> Any:
    return o.state[o.param_groups[0]["params"][0]]


@pytest.mark.parametrize("what", BREAKS)
def test_a_step_that_breaks_its_optimizer_is_no_error_of_the_shadow(peer: Peer, what: str) -> None:
    torch = peer("torch")
    o = _subclass(torch, BREAKS[what])([_parameter(torch)])
    with shadow(o) as s:
        o.step()
    assert s.steps == 1
    assert not s.equal
    assert s.omissions or s.divergence is not None


@pytest.mark.parametrize("what", INVALID)
def test_options_that_the_reference_refuses_are_left_out(peer: Peer, what: str) -> None:
    torch = peer("torch")

    class Idle(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        def step(self, closure: Any = None) -> None:
            """Do nothing, for torch may not take these options either."""

    o = Idle([_parameter(torch)])
    with shadow(o) as s:
        INVALID[what](o)
        o.step()
        o.step()
    assert (s.steps, s.elements, s.equal, s.divergence) == (2, 0, False, None)
    assert list(s.omissions.values()) == [2]


def test_what_cannot_be_read_is_left_out_and_the_rest_is_compared(peer: Peer) -> None:
    torch = peer("torch")
    sparse, meta, good = _parameter(torch), torch.nn.Parameter(torch.zeros(2, device="meta")), _parameter(torch)
    sparse.grad = torch.sparse_coo_tensor(torch.tensor([[0]]), torch.tensor([1.0]), (3,), check_invariants=True)

    def hide(o: Any) -> None:
        o.hidden = sparse.grad
        sparse.grad = None

    cls = _subclass(torch, lambda o: setattr(sparse, "grad", o.hidden), before=hide)
    o = cls([{"params": [sparse, good]}, {"params": [meta]}])
    with shadow(o) as s:
        o.step()
        o.step()
    assert (s.steps, s.compared, s.elements, s.parameters) == (2, 0, 18, 1)
    assert not s.equal
    text = str(s)
    assert "0 of 2 steps compared in full, 18 numbers in all: these have the bits of dialect 'torch'" in text
    assert "left out (2 times): param_groups[0]['params'][0]: RuntimeError: Adamax does not support sparse gradients" in text
    assert "left out (2 times): param_groups[1]['params'][0]: ValueError: no dialect describes torch on the device 'meta'" in text
    assert "every bit" not in text


def test_flushing_of_subnormal_numbers_is_left_out(peer: Peer) -> None:
    torch = peer("torch")
    o = torch.optim.Adamax([_parameter(torch)])
    with shadow(o) as s:
        o.step()
        if not torch.set_flush_denormal(True):
            pytest.skip("this processor does not flush")
        try:
            o.step()
        finally:
            torch.set_flush_denormal(False)
        o.step()
    assert (s.steps, s.compared, s.divergence) == (3, 2, None)
    assert "set_flush_denormal" in str(s)


def test_reasons_are_counted_and_their_number_is_bounded() -> None:
    o = Adamax([Parameter(np.ones(2), np.ones(2))])

    def fails(number: int) -> None:
        raise type(f"Error{number}", (Exception,), {})

    with shadow(o) as s:
        for number in range(250):
            with pytest.raises(Exception, match=r"^$"):
                o.step(partial(fails, number))
    assert s.steps == sum(s.omissions.values()) == 250
    assert len(s.omissions) == 101


def test_changes_by_a_hook_in_the_midst_of_a_step_are_no_alarm_and_no_all_clear(peer: Peer) -> None:
    torch = peer("torch")
    torch.optim.Adamax([torch.ones(1)])  # from now on the inner step runs the hooks too
    p = _parameter(torch)
    o = _subclass(torch, lambda o: p.data.add_(0.0625))([p], lr=0.1)
    o.register_step_post_hook(lambda *_: p.data.clamp_(-0.5, 0.5))
    with shadow(o) as s:
        o.step()
    assert (s.divergence, s.equal) == (None, False)
    assert list(s.omissions) == ["a hook or the closure changed numbers or options in the midst of the step"]


def test_a_reference_that_goes_on_from_its_own_sees_what_happens_between_steps(peer: Peer) -> None:
    torch = peer("torch")
    p, still = _parameter(torch), _parameter(torch)
    still.grad = None
    for touched in (None, p, still):
        o = torch.optim.Adamax([p, still])
        with shadow(o, carry=True) as s:
            o.step()
            with pytest.raises(ZeroDivisionError):
                o.step(lambda: 1 // 0)  # what the reference has is not known any more
            for _ in range(3):
                o.step()
            if touched is not None:
                touched.data[0] += 1
            o.step()
        assert (s.divergence is None) is (touched is None)
        assert s.compared == 5 - (touched is not None)


@settings(SETTINGS, max_examples=25)
@given(
    size=st.integers(GRAIN - 40, 3 * GRAIN),
    threads=st.integers(1, 4),
    kind=st.sampled_from(["bfloat16", "float16"]),
    foreach=st.booleans(),
)
def test_sixteen_bits_with_decay_are_followed_on_any_number_of_threads(
    peer: Peer, size: int, threads: int, kind: str, foreach: bool
) -> None:
    torch = peer("torch")
    p = torch.nn.Parameter(torch.linspace(-2, 2, size).to(getattr(torch, kind)))
    o = torch.optim.Adamax([p], weight_decay=0.3, eps=1e-3, foreach=foreach)
    p.grad = torch.cos(p.detach() * 7)
    torch.set_num_threads(threads)
    try:
        with shadow(o) as s:
            o.step()
            o.step()
    finally:
        torch.set_num_threads(1)
    assert s.equal, str(s)


@SETTINGS
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    steps=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    order=st.permutations(range(3)),
    gradient=st.sampled_from(["like the parameter", "contiguous", "expanded"]),
    kind=st.sampled_from(["bfloat16", "float16", "float32"]),
    maximize=st.booleans(),
)
def test_strided_parameters_and_gradients_are_followed(
    peer: Peer, shape: list[int], steps: Any, order: list[int], gradient: str, kind: str, maximize: bool
) -> None:
    torch = peer("torch")
    dtype = getattr(torch, kind)
    axes = [axis for axis in order if axis < len(shape)]
    memory = [shape[axis] * steps[axis] for axis in axes]
    whole = torch.linspace(-2, 2, int(np.prod(memory))).to(dtype).reshape(memory)
    whole = whole.permute([axes.index(axis) for axis in range(len(shape))])
    part = tuple(slice(None, None, step) for step in steps[: len(shape)])
    p = torch.nn.Parameter(whole[part])
    p.grad = {
        "like the parameter": torch.cos(whole * 7)[part],
        "contiguous": torch.cos(whole[part] * 7).contiguous(),
        "expanded": torch.tensor(0.3).to(dtype).expand(shape),
    }[gradient]
    o = torch.optim.Adamax([p], weight_decay=0.3, eps=1e-3, maximize=maximize)
    with shadow(o) as s:
        o.step()
        o.step()
    assert s.equal, str(s)


def test_a_complex_number_that_is_not_finite_and_decays_is_left_out(peer: Peer) -> None:
    torch = peer("torch")
    for decay in (0.0, 0.1):
        p = _parameter(torch, [complex(float("inf"), 1.0), 2j])
        o = torch.optim.Adamax([p], weight_decay=decay)
        with shadow(o) as s:
            o.step()
        assert s.divergence is None
        assert s.equal is (decay == 0)


def test_a_torch_without_fused_kernels_is_followed(peer: Peer) -> None:
    torch = peer("torch")
    program = (
        "import torch; from adamax_ref import shadow\n"
        "p = torch.nn.Parameter(torch.randn(999)); o = torch.optim.Adamax([p], weight_decay=0.1)\n"
        "print(torch.backends.cpu.get_cpu_capability())\n"
        "with shadow(o) as s:\n"
        "    for _ in range(3): p.grad = torch.randn(999); o.step()\n"
        "assert s.equal, str(s)\n"
        "o.param_groups[0]['foreach'] = True\n"
        "with shadow(o) as s: o.step()\n"
        "assert not s.equal and s.divergence is None, str(s)\n"
    )
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": "default"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "DEFAULT" or torch.backends.cpu.get_cpu_capability() == "NO AVX"


def test_a_shadow_that_is_closed_is_gone(peer: Peer) -> None:
    torch = peer("torch")
    o = torch.optim.Adamax([_parameter(torch)])
    s = shadow(o)
    o.step()
    s.close()
    s.close()
    o.step()
    assert (s.steps, s.equal) == (1, True)
    assert "step" not in vars(o)
    assert not o._optimizer_step_pre_hooks and not o._optimizer_step_post_hooks
