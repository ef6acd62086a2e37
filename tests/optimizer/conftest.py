"""Fixtures of the optimizer's tests."""

import re
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref import Parameter


@pytest.fixture(autouse=True)
def quick(engine_of_host_arrays: None, one_thread: None) -> None:
    """Step with the engine of ``--engine``, and with torch on one thread."""


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
