"""A step is done, or not done, or the optimizer says that it is half done: whatever a kernel raises, wherever it does."""

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import BackendUnavailable, get_backend, registry
from adamax_ref.optimizer.state_dict import to_host

from .tampered import Fault, Moment, Tampered

ENGINE = None  # the tests bring engines of their own

ERRORS: tuple[type[BaseException], ...] = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    RuntimeError,
    MemoryError,
    FloatingPointError,
    BackendUnavailable,
    KeyboardInterrupt,
)
MOMENTS: tuple[Moment, ...] = ("refusing", "before", "between", "after")
# Sorts of parameters, by type and decay: parameters of one sort share a kernel call. The last two are not written in place.
SORTS = (("numpy", "f4", 0.0), ("numpy", "f8", 0.0), ("numpy", "f4", 0.1), ("strict", "f4", 0.0), ("strict", "f8", 0.1))


@contextmanager
def _engines(fault: Fault, knows: bool = False) -> Iterator[None]:
    """Let both engines of the tests fail on demand, in the place where the optimizer looks engines up."""
    engines = tuple(Tampered(get_backend(name), fault, knows) for name in ("array-api-strict", "numpy"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_by_priority", lambda: engines)
        yield


def _made(sorts: Sequence[int], twice: bool) -> tuple[Adamax, list[Parameter]]:
    """Return an optimizer with two parameters of each sort, in a group for each; the first may stand in its group twice."""
    rng = np.random.default_rng(5)
    groups: list[dict[str, Any]] = []
    for sort in sorts:
        kind, dtype, decay = SORTS[sort]
        values = [rng.standard_normal((size, 3)).astype(dtype) for size in (4, 2)]
        made = [Parameter(get_backend("array-api-strict").from_host(x) if kind == "strict" else x) for x in values]
        groups.append({"params": made, "weight_decay": decay})
    params = [param for group in groups for param in group["params"]]
    if twice:
        groups[0]["params"] = [params[0], *groups[0]["params"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return Adamax(groups, lr=0.1), params


def _step(optimizer: Any, params: list[Any], t: int) -> None:
    for at, param in enumerate(params):
        grad = np.cos(np.arange(np.prod(param.shape)) + at + 10 * t).reshape(param.shape).astype(str(param.dtype).split(".")[-1])
        param.grad = grad if isinstance(param.data, np.ndarray) else _like(grad, param.data)
    optimizer.step()


def _like(value: np.ndarray, data: Any) -> Any:
    if type(data).__module__.startswith("torch"):
        import torch

        return torch.from_numpy(value)
    return get_backend("array-api-strict").from_host(value)


def _bits(optimizer: Any, params: list[Any]) -> list[bytes]:
    states = [optimizer.state.get(param, {}) for param in params]
    arrays = [param.data for param in params]
    arrays += [state[name] for state in states for name in ("exp_avg", "exp_inf") if name in state]
    counts = [str(int(state["step"])).encode() for state in states if "step" in state]
    return [to_host(array).tobytes() for array in arrays] + counts


@cache
def _reference(sorts: tuple[int, ...], twice: bool, steps: int) -> list[list[bytes]]:
    """Return the bits before, and after each step of an optimizer that nothing happens to."""
    optimizer, params = _made(sorts, twice)
    seen = [_bits(optimizer, params)]
    for t in range(steps):
        _step(optimizer, params, t)
        seen.append(_bits(optimizer, params))
    return seen


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sorts=st.lists(st.integers(0, len(SORTS) - 1), min_size=1, max_size=3, unique=True),
    twice=st.booleans(),
    at_step=st.integers(0, 3),
    call=st.integers(0, 4),
    moment=st.sampled_from(MOMENTS),
    error=st.sampled_from(ERRORS),
    knows=st.booleans(),
)
def test_a_step_is_done_or_not_done_or_the_optimizer_refuses(
    sorts: list[int],
    twice: bool,
    at_step: int,
    call: int,
    moment: Moment,
    error: type[BaseException],
    knows: bool,
) -> None:
    fault = Fault()
    with _engines(fault, knows):
        reference = _reference(tuple(sorts), twice, 5)
        optimizer, params = _made(sorts, twice)
        for t in range(at_step):
            _step(optimizer, params, t)
        saved, values = optimizer.state_dict(copy=True), [copy.deepcopy(param.data) for param in params]
        fault.arm(error("planted"), call, moment)
        try:
            _step(optimizer, params, at_step)
        except error as raised:
            assert raised is fault.error
        else:  # it was not reached, or refused by a repeated step, which is then worked out anew
            assert fault.seen <= call or (moment == "refusing" and at_step)
            assert _bits(optimizer, params) == reference[at_step + 1]
            return
        fault.error = None
        found = _bits(optimizer, params)
        whole = optimizer.fault is None and found == reference[at_step + 1]  # an engine that knows lets the step be ended
        if optimizer.fault is None:
            assert found == reference[at_step] or (knows and whole)
        else:
            with pytest.raises(RuntimeError, match=f"broke off while it was written .{error.__name__}: .*load_state_dict"):
                _step(optimizer, params, at_step)
            assert _bits(optimizer, params) == found
            optimizer.load_state_dict(saved)
            for param, value in zip(params, values, strict=True):
                param.data = value
        for t in range(at_step + whole, 5):
            _step(optimizer, params, t)
        assert _bits(optimizer, params) == reference[5]


@pytest.mark.parametrize("at_step", [0, 3])
@pytest.mark.parametrize("moment", MOMENTS)
def test_only_what_may_have_written_is_followed_by_a_refusal(moment: Moment, at_step: int) -> None:
    fault = Fault()
    checks = moment == "refusing"
    with _engines(fault):
        optimizer, params = _made([0], False)
        for t in range(at_step):
            _step(optimizer, params, t)
        fault.arm(ValueError("planted"), 0, moment)
        if checks and at_step:  # the repeated step is given up, and worked out anew
            _step(optimizer, params, at_step)
        else:
            with pytest.raises(ValueError, match="planted"):
                _step(optimizer, params, at_step)
        assert (optimizer.fault is None) is checks


def test_engines_that_make_new_arrays_fail_before_any_other_has_written() -> None:
    fault = Fault()
    with _engines(fault):
        for call in (0, 1):
            optimizer, params = _made([0, 3], False)
            _step(optimizer, params, 0)
            before = _bits(optimizer, params)
            fault.arm(ValueError("planted"), call, "after")
            with pytest.raises(ValueError, match="planted"):
                _step(optimizer, params, 1)
            written = _bits(optimizer, params) != before
            assert written is (call == 0) and (optimizer.fault is not None) is written  # call 0 is NumPy's


def test_copies_and_pickles_of_a_half_done_optimizer_refuse_too() -> None:
    fault = Fault()
    with _engines(fault):
        optimizer, params = _made([0], False)
        fault.arm(OSError("planted"), 0, "after")
        with pytest.raises(OSError, match="planted"):
            _step(optimizer, params, 0)
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        with pytest.raises(RuntimeError, match="OSError: planted"):
            twin.step()


@pytest.mark.frameworks
@pytest.mark.parametrize("dropin", [False, True])
@pytest.mark.parametrize("error", [ValueError, TypeError, MemoryError])
def test_tensors_and_the_optimizer_for_training_frameworks_refuse_likewise(
    peer: Callable[[str], ModuleType], dropin: bool, error: type[Exception]
) -> None:
    torch = peer("torch")
    from adamax_ref.interop.torch_optimizer import Adamax as ForTorch

    fault = Fault()
    params = [torch.nn.Parameter(torch.ones(4, 3)), torch.nn.Parameter(torch.ones(2, 3, dtype=torch.float64))]
    with _engines(fault):
        optimizer = (ForTorch if dropin else Adamax)(params, lr=0.1)
        _step(optimizer, params, 0)
        saved = copy.deepcopy(optimizer.state_dict())
        fault.arm(error("planted"), 0, "after")
        with pytest.raises(error, match="planted"):
            _step(optimizer, params, 1)
        fault.error = None
        for twin in (optimizer, copy.deepcopy(optimizer)):
            with pytest.raises(RuntimeError, match=f"broke off.*{error.__name__}: planted"):
                twin.step()
        optimizer.load_state_dict(saved)
        _step(optimizer, params, 1)
        assert [int(optimizer.state[param]["step"]) for param in params] == [2, 2]
