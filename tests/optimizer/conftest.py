"""Fixtures of the optimizer's tests."""

import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref import Parameter
from adamax_ref.backend import backend_for, get_backend
from adamax_ref.optimizer import groups
from adamax_ref.optimizer.loading import to_host
from adamax_ref.truth.compare import first_difference


def _same(got: Any, want: Any) -> bool:
    mine, theirs = (to_host(value) if hasattr(value, "shape") else np.asarray(value) for value in (got, want))
    if mine.shape != theirs.shape or mine.dtype.name != theirs.dtype.name:
        return False
    return first_difference(mine, theirs) is None


@pytest.fixture(autouse=True)
def engine_of_host_arrays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the NumPy engine step host arrays, unless a test file says ``ENGINE = None``.

    What is tested here is not arithmetic, and the fastest engine compiles every recipe for seconds.
    """
    name = getattr(request.module, "ENGINE", "numpy")
    if name is not None:
        chosen = get_backend(name)
        monkeypatch.setattr(groups, "backend_for", lambda array: chosen if chosen.owns(array) else backend_for(array))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, unless a test asks for more: what is small is slower on many."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    if torch is not None:
        torch.set_num_threads(1)
    yield
    if torch is not None:
        torch.set_num_threads(before)


@pytest.fixture
def same() -> Callable[[Any, Any], bool]:
    """Whether two arrays of any namespaces have the same shape, dtype and bits; any NaN equals any other."""
    return _same


class Side:
    """One implementation of the contract: how its parameters are made and read.

    ``torch``: the real thing. ``ours``: this package on NumPy arrays. ``tensors``: this package on torch tensors.
    """

    def __init__(self, name: str, torch: Any) -> None:
        self.name = name
        self.torch = torch
        self.ours = name != "torch"
        self.on_tensors = name != "ours"
        if self.ours:
            import adamax_ref as home

            self.Adamax: Any = home.Adamax
            self.LinearLR: Any = home.LinearLR
            self.CosineAnnealingLR: Any = home.CosineAnnealingLR
            self.SequentialLR: Any = home.SequentialLR
            self.global_hooks: Any = home
        else:
            self.Adamax = torch.optim.Adamax
            schedules = torch.optim.lr_scheduler
            self.LinearLR, self.CosineAnnealingLR = schedules.LinearLR, schedules.CosineAnnealingLR
            self.SequentialLR = schedules.SequentialLR
            self.global_hooks = import_module("torch.optim.optimizer")

    def array(self, values: Any, kind: str = "float32") -> Any:
        """Return an array of this side's namespace."""
        return self.torch.tensor(values, dtype=getattr(self.torch, kind)) if self.on_tensors else np.array(values, dtype=kind)

    def param(self, values: Any, grad: Any = None, kind: str = "float32") -> Any:
        """Return a parameter, with a gradient if one is given."""
        data = self.array(values, kind)
        made = self.torch.nn.Parameter(data) if self.on_tensors else Parameter(data)
        self.give(made, grad)
        return made

    def give(self, param: Any, grad: Any) -> None:
        """Set a gradient; a list becomes an array of the parameter's kind."""
        kind = str(param.dtype).rpartition(".")[2]
        param.grad = None if grad is None else self.array(grad, kind)

    def values(self, thing: Any) -> Any:
        """Return the numbers of a parameter or array, as nested lists."""
        array = thing.data if hasattr(thing, "grad") else thing
        return array.tolist()

    def steps(self, optimizer: Any, param: Any) -> float:
        """Return how often a parameter was updated."""
        return float(optimizer.state[param]["step"])

    def snapshot(self, optimizer: Any) -> Any:
        """Return everything that a failing call must leave alone."""
        params = [param for group in optimizer.param_groups for param in group["params"]]
        states = [(self.values(p), {k: str(v) for k, v in optimizer.state.get(p, {}).items()}) for p in params]
        return states, [{k: str(v) for k, v in group.items() if k != "params"} for group in optimizer.param_groups]


@pytest.fixture(params=["torch", "ours", "tensors"])
def side(request: pytest.FixtureRequest, peer: Callable[[str], ModuleType]) -> Side:
    """Every implementation in turn: torch itself, and this package on NumPy arrays and on torch tensors."""
    return Side(request.param, peer("torch"))


@pytest.fixture
def torch_side(peer: Callable[[str], ModuleType]) -> Side:
    """Return the real thing alone."""
    return Side("torch", peer("torch"))


@pytest.fixture
def our_side(peer: Callable[[str], ModuleType]) -> Side:
    """Return our implementation on NumPy arrays alone."""
    return Side("ours", peer("torch"))


@pytest.fixture
def fails() -> Callable[..., Any]:
    """Expect an exception of a class whose text contains some words."""

    def expect(kind: type[BaseException] | tuple[type[BaseException], ...], words: str = "") -> Any:
        return pytest.raises(kind, match=re.escape(words) or None)

    return expect
