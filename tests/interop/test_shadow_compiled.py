"""A step that torch.compile has taken over is reported as not compared, whichever way it was compiled."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import pytest

from adamax_ref import shadow

# While it traces, torch itself touches parts of torch.jit that it has deprecated.
pytestmark = [pytest.mark.frameworks, pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")]
Peer = Callable[[str], ModuleType]
LEFT_OUT = "torch.compile has taken over the step; call optimizer.step() outside of torch.compile"


@pytest.fixture
def torch(peer: Peer) -> Iterator[Any]:
    """Give torch, and make it forget afterwards what it has compiled."""
    module = peer("torch")
    module._dynamo.reset()
    yield module
    module._dynamo.reset()


def _optimizer(torch: Any) -> tuple[Any, Any]:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    p.grad = torch.tensor([0.5, 0.25])
    return p, torch.optim.Adamax([p])


def _training(torch: Any, p: Any, step: Callable[[], Any]) -> Callable[[], Any]:
    def train() -> Any:
        p.grad = p.detach() * 0.5
        step()

    return train


@pytest.mark.parametrize(
    ("way", "late"),
    [
        ("step", False),
        ("step", True),
        ("method in a function", True),
        ("attribute in a function", False),
        ("watched step", False),
    ],
)
def test_a_compiled_step_goes_on_and_is_counted_as_not_compared(torch: Any, way: str, late: bool) -> None:
    ends = []
    for watched in (True, False):
        torch._dynamo.reset()
        p, o = _optimizer(torch)
        body = {
            "step": o.step,
            "method in a function": _training(torch, p, o.step),
            "attribute in a function": _training(torch, p, lambda o=o: o.step()),  # type: ignore[misc]
        }
        train = torch.compile(body.get(way, o.step), backend="eager")
        if late:
            train()
        with shadow(o) if watched else nullcontext() as s:
            train = torch.compile(o.step, backend="eager") if way == "watched step" else train
            for _ in range(12):  # more often than torch.compile compiles anew
                train()
        ends.append(p.tolist())
        if s is not None:
            assert (s.steps, s.elements, s.equal, s.divergence) == (12, 0, False, None)
            assert str(s).startswith(f"nothing was compared in 12 steps\n  left out (12 times): {LEFT_OUT}")
        assert not o._optimizer_step_pre_hooks
    assert ends[0] == ends[1]


def test_an_optimizer_whose_step_was_replaced_is_refused_when_attached(torch: Any) -> None:
    _, o = _optimizer(torch)
    o.step = torch.compile(o.step, backend="eager")
    with pytest.raises(RuntimeError, match=r"optimizer.step was made by torch.compile.*; call optimizer.step\(\) outside"):
        shadow(o)
    assert not o._optimizer_step_pre_hooks


def test_a_step_taken_out_of_compilation_again_is_followed(torch: Any) -> None:
    p, o = _optimizer(torch)
    train = torch.compile(_training(torch, p, torch.compiler.disable(lambda: o.step())), backend="eager")
    with shadow(o) as s:
        train()
        train()
    assert s.divergence is None
    assert s.steps == 2


def test_compiling_the_model_alone_is_no_obstacle(torch: Any) -> None:
    model = torch.nn.Linear(3, 1)
    compiled, o = torch.compile(model, backend="eager"), torch.optim.Adamax(model.parameters())
    with shadow(o) as s:
        for _ in range(2):
            o.zero_grad()
            compiled(torch.ones(1, 3)).sum().backward()
            o.step()
    assert s.divergence is None
    assert s.steps == 2


def test_a_class_that_keeps_compilers_away_from_its_step_is_no_compiled_step(torch: Any) -> None:
    class Apart(torch.optim.Adamax):  # type: ignore[misc]
        @torch.compiler.disable  # type: ignore[untyped-decorator]
        def step(self, closure: Any = None) -> Any:
            return super().step(closure)

    p = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    p.grad = torch.tensor([0.5, 0.25])
    o = Apart([p])
    train = torch.compile(lambda: o.step(), backend="eager")
    with shadow(o) as s:
        o.step()
        train()
    assert (s.steps, s.compared, s.divergence) == (2, 1, None)
    assert LEFT_OUT in str(s)
