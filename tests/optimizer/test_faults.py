"""What goes wrong around a running optimizer is refused, with nothing changed, or computed right: never wrong in silence.

Each fault happens after two steps, when an engine has its tables and the optimizer knows how to repeat a step.
"""

import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import get_backend, why_unavailable
from adamax_ref.optimizer import groups

from .tampered import Fault, Tampered

SIZES = (5, 700, 40_000)


@pytest.fixture(params=["numpy", "numba"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if reason := why_unavailable(name):
        pytest.skip(reason)
    return name


def _optimizer(engine: str | None, recipes: int = 1) -> tuple[Adamax, list[Parameter]]:
    """Return an optimizer and its parameters, of which the first has a recipe of its own where there are two."""
    rng = np.random.default_rng(11)
    params = [Parameter(rng.standard_normal(size, dtype=np.float32)) for size in SIZES]
    decay = 0.01 if recipes == 1 else 0.0
    optimizer = Adamax(
        [{"params": params[:1], "weight_decay": decay}, {"params": params[1:]}], 0.1, weight_decay=0.01, backend=engine
    )
    _go(optimizer, params, 2)
    return optimizer, params


def _go(optimizer: Adamax, params: list[Parameter], steps: int = 1) -> None:
    for _ in range(steps):
        for param in params:
            param.grad = np.cos(np.arange(param.data.size, dtype=np.float32) + optimizer.state[param].get("step", 0))
        optimizer.step()


def _bits(optimizer: Adamax, params: list[Parameter]) -> list[bytes]:
    memories = [optimizer.state[param] for param in params]
    arrays = [param.data for param in params] + [memory[part] for memory in memories for part in ("exp_avg", "exp_inf")]
    return [array.astype(array.dtype.newbyteorder("=")).tobytes() for array in arrays] + [
        str(memory["step"]).encode() for memory in memories
    ]


def _freeze(optimizer: Any, params: list[Parameter], part: str) -> None:
    array = params[1].data if part == "data" else optimizer.state[params[1]][part]
    array.flags.writeable = False


def _overlap(optimizer: Adamax, params: list[Parameter], part: str) -> None:
    params[1].data = params[2].data[300:1000]


def _same_state(optimizer: Adamax, params: list[Parameter], part: str) -> None:
    optimizer.state[params[1]]["exp_inf"] = optimizer.state[params[1]]["exp_avg"]


def _state_of_another(optimizer: Adamax, params: list[Parameter], part: str) -> None:
    optimizer.state[params[1]]["exp_inf"] = optimizer.state[params[2]]["exp_inf"][:700]


def _mask(optimizer: Any, params: list[Parameter], part: str) -> None:
    masked = np.ma.masked_array(params[1].data.copy(), mask=np.arange(700) < 3)
    if part == "data":
        params[1].data = masked
    else:
        optimizer.state[params[1]][part] = masked


REFUSED: dict[str, tuple[Callable[..., None], str, str]] = {
    "parameter frozen": (_freeze, "data", "read-only"),
    "moment frozen": (_freeze, "exp_avg", "read-only"),
    "norm frozen": (_freeze, "exp_inf", "read-only"),
    "parameters overlap": (_overlap, "", "shares memory"),
    "state in one place": (_same_state, "", "shares memory"),
    "state of another": (_state_of_another, "", "shares memory"),
    "parameter masked": (_mask, "data", "does not compute on|mask would be lost"),
    "moment masked": (_mask, "exp_avg", "mask would be lost"),
}


@pytest.mark.parametrize("recipes", [1, 2])
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_nothing_has_changed(engine: str, name: str, recipes: int) -> None:
    optimizer, params = _optimizer(engine, recipes)
    fault, part, words = REFUSED[name]
    fault(optimizer, params, part)
    before = _bits(optimizer, params)
    with pytest.raises((ValueError, TypeError), match=words):
        _go(optimizer, params)
    assert _bits(optimizer, params) == before


@pytest.mark.parametrize("recipes", [1, 2])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_gradient_that_lies_in_a_parameter_is_refused(engine: str, recipes: int, at: int) -> None:
    optimizer, params = _optimizer(engine, recipes)
    before = _bits(optimizer, params)
    params[at].grad = params[2].data[: SIZES[at]]
    with pytest.raises(ValueError, match="shares memory"):
        optimizer.step()
    assert _bits(optimizer, params) == before


BAD: dict[str, Callable[[np.ndarray, list[Parameter]], object]] = {
    "shape": lambda grad, params: np.ones(grad.size + 1, np.float32),
    "type": lambda grad, params: grad.astype(np.float64),
    "kind": lambda grad, params: grad.tolist(),
    "axes": lambda grad, params: grad.reshape(1, -1),
    "place": lambda grad, params: params[2].data[: grad.size],
}


@pytest.mark.parametrize("recipes", [1, 2])
@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_gradients_beside_a_refused_one_are_read_where_they_are_by_the_next_step(
    engine: str, name: str, at: int, recipes: int
) -> None:
    (optimizer, params), (twin, others) = _optimizer(engine, recipes), _optimizer(engine, recipes)
    grads = [np.sin(np.arange(size, dtype=np.float32)) for size in SIZES]
    for its in (params, others):
        for number, param in enumerate(its):
            param.grad = param.grad if number == at else grads[number]  # the others lie elsewhere than before
    good = params[at].grad
    params[at].grad = BAD[name](good, params)
    with pytest.raises((ValueError, TypeError)):
        optimizer.step()
    params[at].grad = good
    for each in (optimizer, twin):
        each.step()
    assert _bits(optimizer, params) == _bits(twin, others)


def _swap(optimizer: Adamax, params: list[Parameter]) -> None:
    params[1].data = params[1].data.astype(">f4")
    optimizer.state[params[2]]["exp_avg"] = optimizer.state[params[2]]["exp_avg"].astype(">f4")


def _reallocate(optimizer: Adamax, params: list[Parameter]) -> None:
    for at, values in enumerate([param.data.tobytes() for param in params]):
        params[at].data = None  # gives the memory back, to be given out again
        params[at].data = np.frombuffer(values, np.float32).copy()


def _shift(optimizer: Adamax, params: list[Parameter]) -> None:
    wide = np.zeros(2 * 700, np.float32)
    wide[::2] = params[1].data
    params[1].data = wide[::2]


def _move_gradient(optimizer: Adamax, params: list[Parameter]) -> None:
    for param in params:
        param.grad = None


RIGHT = {"foreign byte order": _swap, "reallocated": _reallocate, "stepped": _shift, "gradient": _move_gradient}


@pytest.mark.parametrize("recipes", [1, 2])
@pytest.mark.parametrize("name", RIGHT)
def test_it_makes_no_difference(engine: str, name: str, recipes: int) -> None:
    plain, changed = _optimizer(engine, recipes), _optimizer(engine, recipes)
    for _ in range(3):
        RIGHT[name](*changed)
        _go(*plain, 2)
        _go(*changed, 2)
    assert _bits(*changed) == _bits(*plain)


def test_two_optimizers_on_one_parameter_take_turns(engine: str) -> None:
    results = []
    for name in (engine, "array-api"):
        param = Parameter(np.linspace(-1, 1, 33, dtype=np.float32))
        pair = [Adamax([param], lr=lr, backend=name) for lr in (0.1, 0.01)]
        for t in range(6):
            param.grad = np.full(33, t + 1, np.float32)
            pair[t % 2].step()
        results.append(param.data.tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("recipes", [1, 2])
@pytest.mark.parametrize("repeated", [False, True])
def test_an_interrupt_between_arrays_and_counters_waits_for_both(
    engine: str, recipes: int, repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault()
    tampered = Tampered(get_backend(engine), fault, knows=True)
    monkeypatch.setattr(groups, "backend_for", lambda array: tampered)
    plain, interrupted = _optimizer(None, recipes), _optimizer(None, recipes)
    if not repeated:
        for optimizer, _ in (plain, interrupted):
            optimizer.param_groups[0]["maximize"] = True  # another recipe than that of the last step
    fault.then = partial(signal.raise_signal, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        _go(*interrupted)
    _go(*plain)
    assert _bits(*interrupted) == _bits(*plain)
    _go(*plain, 2)
    _go(*interrupted, 2)
    assert _bits(*interrupted) == _bits(*plain)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*", "ignore::pytest.PytestUnraisableExceptionWarning")  # JAX, if loaded, warns
def test_a_forked_child_goes_on_where_its_parent_stood(engine: str) -> None:
    plain, forked = _optimizer(engine), _optimizer(engine)
    _go(*plain, 2)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _go(*forked, 2)
        os.write(writer, b"equal" if _bits(*forked) == _bits(*plain) else b"different")
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 20) == b"equal"
    os.waitpid(child, 0)
    os.close(reader)
