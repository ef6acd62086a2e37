"""The frameworks beside which our engines are measured, each in its own way of doing it fast."""

from collections.abc import Callable
from typing import Any

import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.optimizer.adamax import Adamax

from .contender import WORDS, Contender
from .problem import Host, Problem

_TORCH = "array-api-torch"
"""The engine that brings arrays to torch and back."""


def torch_adamax(problem: Problem, foreach: bool) -> Contender:
    """``torch.optim.Adamax``, one parameter after another or several at once."""
    import torch

    params = _torch_params(problem)
    options = {"lr": problem.hyper.lr, "weight_decay": problem.decay}
    optimizer = torch.optim.Adamax(params, foreach=foreach, **options)
    narrow = foreach and problem.profile in ("f16", "bf16")
    words = WORDS["torch"] + (3 if problem.decay else 0)
    name = "torch Adamax foreach" if foreach else "torch Adamax for-loop"
    dialect = "torch/foreach" if narrow else "torch"
    return Contender(
        name, optimizer.step, _torch_result(optimizer, params, "exp_inf"), dialect, words, _torch_calls(problem, foreach)
    )


def torch_adamw(problem: Problem) -> Contender:
    """Torch's fused AdamW: another algorithm that moves the same bytes, in one kernel of its authors' best."""
    import torch

    params = _torch_params(problem)
    optimizer = torch.optim.AdamW(params, lr=problem.hyper.lr, weight_decay=problem.decay, fused=True)
    remark = "another algorithm, the same bytes"
    return Contender("torch AdamW fused", optimizer.step, None, None, WORDS["floor"], None, remark)


def _torch_params(problem: Problem) -> list[Any]:
    import torch

    params = []
    for p, g in zip(*problem.start(), strict=True):
        param = torch.nn.Parameter(get_backend(_TORCH).from_host(p))
        param.grad = get_backend(_TORCH).from_host(g)
        params.append(param)
    return params


def _torch_result(optimizer: Any, params: list[Any], norm: str) -> Callable[[], tuple[list[Host], list[Host], list[Host]]]:
    def result() -> tuple[list[Host], list[Host], list[Host]]:
        state = [optimizer.state[param] for param in params]
        ms, us = ([get_backend(_TORCH).to_host(memory[part]) for memory in state] for part in ("exp_avg", norm))
        return [get_backend(_TORCH).to_host(param) for param in params], ms, us

    return result


def _torch_calls(problem: Problem, foreach: bool) -> int:
    """Count the operators that one step dispatches, on parameters of one element."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Counter(TorchDispatchMode):  # type: ignore[misc] # torch is not looked into
        calls = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            Counter.calls += 1
            return func(*args, **(kwargs or {}))

    small = Problem(problem.tensors, 1, problem.profile, problem.decay)  # of a model too: as many, one element each
    optimizer = torch.optim.Adamax(_torch_params(small), foreach=foreach, weight_decay=problem.decay)
    optimizer.step()
    with Counter():
        optimizer.step()
    return Counter.calls


def optax_adamax(problem: Problem) -> Contender:
    """Optax under ``jax.jit``, update and application in one executable that is given its buffers to reuse."""
    import jax
    import optax

    rule: Any = optax.adamaxw if problem.decay else optax.adamax
    optimizer = rule(problem.hyper.lr, **({"weight_decay": problem.decay} if problem.decay else {}))

    def update(params: Any, grads: Any, state: Any) -> Any:
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    wide = problem.profile == "f64"  # with 64-bit types on, optax corrects the bias of float32 moments in double as well
    with jax.enable_x64(wide):
        compiled = jax.jit(update, donate_argnums=(0, 2))
        params, grads = ([jax.numpy.asarray(array) for array in arrays] for arrays in problem.start())
        now = [params, optimizer.init(params)]

    def step() -> None:
        with jax.enable_x64(wide):
            now[:] = jax.block_until_ready(compiled(now[0], grads, now[1]))

    def result() -> tuple[list[Host], list[Host], list[Host]]:
        state = now[1][0]
        ps, ms, us = ([np.asarray(array) for array in arrays] for arrays in (now[0], state.mu, state.nu))
        return ps, ms, us

    dialect = "optax/jit" if problem.tensors == 1 else "optax/jit-many"
    return Contender("optax jit donated", step, result, dialect, WORDS["floor"], 1)


def ours_class(problem: Problem) -> Contender:
    """Our class for torch's training loops, on torch's parameters."""
    from adamax_ref.interop.torch_optimizer import optimizer_class

    return _on_tensors("adamax_ref torch class", optimizer_class(), problem)


def ours_tensors(problem: Problem) -> Contender:
    """Our optimizer on torch's parameters."""
    return _on_tensors("adamax_ref on tensors", Adamax, problem)


def _on_tensors(name: str, kind: Callable[..., Any], problem: Problem) -> Contender:
    params = _torch_params(problem)
    optimizer = kind(params, lr=problem.hyper.lr, weight_decay=problem.decay)
    result = _torch_result(optimizer, params, "exp_inf")
    return Contender(name, optimizer.step, result, "torch", WORDS["floor"], 1)


PEERS: dict[str, Callable[[Problem], Contender]] = {
    "torch": lambda problem: torch_adamax(problem, foreach=False),
    "torch-foreach": lambda problem: torch_adamax(problem, foreach=True),
    "torch-adamw": torch_adamw,
    "optax": optax_adamax,
    "class": ours_class,
    "tensors": ours_tensors,
}
"""By the names of ``--against``."""
