"""A repeated step is the long one, bit for bit; whatever has been exchanged in between is noticed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import get_backend, why_unavailable
from adamax_ref.optimizer import prepared
from adamax_ref.optimizer.groups import engine
from adamax_ref.optimizer.prepared import PreparedSteps

Change = Callable[[Adamax, list[Parameter]], None]


def _exchange_data(optimizer: Adamax, params: list[Parameter]) -> None:
    params[1].data = params[1].data * np.float32(2)


def _exchange_state(optimizer: Adamax, params: list[Parameter]) -> None:
    optimizer.state[params[0]]["exp_inf"] = optimizer.state[params[0]]["exp_inf"] + np.float32(1)


def _exchange_memory(optimizer: Adamax, params: list[Parameter]) -> None:
    state: dict[Any, Any] = optimizer.state
    state[params[0]] = dict(state[params[0]])
    state[params[1]] = {name: value + value for name, value in state[params[1]].items()}


def _forget(optimizer: Adamax, params: list[Parameter]) -> None:
    del optimizer.state[params[1]]


def _load(optimizer: Adamax, params: list[Parameter]) -> None:
    saved = optimizer.state_dict(copy=True)
    saved["state"][0]["step"] = 40
    optimizer.load_state_dict(saved)


def _one_without_gradient(optimizer: Adamax, params: list[Parameter]) -> None:
    params[2].grad = None


def _options(**values: Any) -> Change:
    def change(optimizer: Any, params: list[Parameter]) -> None:
        optimizer.param_groups[1].update(values)

    return change


def _grow(optimizer: Adamax, params: list[Parameter]) -> None:
    params.append(Parameter(np.ones(4, np.float32)))
    optimizer.add_param_group({"params": params[-1:]})


def _count_on(optimizer: Adamax, params: list[Parameter]) -> None:
    optimizer.state[params[1]]["step"] = np.float32(7)


def _move_between_groups(optimizer: Adamax, params: list[Parameter]) -> None:
    first, second = optimizer.param_groups[:2]
    first["params"] = [*first["params"], second["params"].pop(0)]


def _swap_groups(optimizer: Adamax, params: list[Parameter]) -> None:
    optimizer.param_groups.reverse()


def _reorder_state(optimizer: Adamax, params: list[Parameter]) -> None:
    first = optimizer.state.pop(params[0])
    optimizer.state[params[0]] = first


def _shrink_in_place(optimizer: Adamax, params: list[Parameter]) -> None:
    for array in (params[1].data, optimizer.state[params[1]]["exp_avg"], optimizer.state[params[1]]["exp_inf"]):
        array.resize(3, refcheck=False)


CHANGES: dict[str, Change] = {
    "nothing": lambda optimizer, params: None,
    "data": _exchange_data,
    "state": _exchange_state,
    "memory": _exchange_memory,
    "forgotten": _forget,
    "loaded": _load,
    "no-gradient": _one_without_gradient,
    "lr": _options(lr=0.5),
    "lr-array": _options(lr=np.array([0.25])),
    "betas": _options(betas=(0.5, 0.9)),
    "decay": _options(weight_decay=0.5),
    "maximize": _options(maximize=True),
    "foreach": _options(foreach=False),
    "new-group": _grow,
    "step-array": _count_on,
    "resized": _shrink_in_place,
    "moved": _move_between_groups,
    "swapped": _swap_groups,
    "reordered": _reorder_state,
    "signed-zero": _options(weight_decay=-0.0),
    "betas-list": _options(betas=[0.5, 0.9]),
}


# Types of the three parameters, and the options of the second group: one kernel call, or several.
SORTS: dict[str, tuple[str, dict[str, float]]] = {
    "one recipe": ("fff", {"lr": 0.1}),
    "decay": ("fff", {"weight_decay": 0.1}),
    "types": ("fdf", {"lr": 0.1}),
}


def _trained(change: Change, long_way: bool, sort: str) -> list[bytes]:
    rng = np.random.default_rng(4)
    types, options = SORTS[sort]
    params = [Parameter(rng.standard_normal(size).astype(kind)) for size, kind in zip((5, 70, 3), types, strict=True)]
    optimizer = Adamax([{"params": params[:1]}, {"params": params[1:], **options}], backend="numpy")
    for t in range(8):
        for param in params:
            param.grad = rng.standard_normal(param.shape).astype(param.dtype)
        if t in (3, 4):
            change(optimizer, params)
            for param in params:
                if param.grad is not None and param.grad.shape != param.shape:
                    param.grad = np.ones(param.shape, param.dtype)
        if long_way:
            optimizer._prepared = PreparedSteps()
        optimizer.step()
    state = [optimizer.state[param] for param in params]
    arrays = [np.asarray(value) for memory in state for value in memory.values()]
    return [array.tobytes() for array in [*(param.data for param in params), *arrays]]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("name", CHANGES)
def test_steps_that_are_repeated_have_the_bits_of_those_that_are_not(name: str, sort: str) -> None:
    assert _trained(CHANGES[name], False, sort) == _trained(CHANGES[name], True, sort)


@pytest.fixture
def long_ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count how often a step was worked out anew."""
    taken: list[int] = []
    collect = prepared.collect  # type: ignore[attr-defined] # not re-exported, replaced here

    def counted(*args: Any) -> Any:
        taken.append(1)
        return collect(*args)

    monkeypatch.setattr(prepared, "collect", counted)
    yield taken


def test_the_long_way_is_taken_once_where_nothing_changes_and_again_where_something_does(long_ways: list[int]) -> None:
    param = Parameter(np.ones(3, np.float32))
    optimizer = Adamax([param], backend="numpy")
    for _ in range(5):
        param.grad = np.ones(3, np.float32)
        optimizer.param_groups[0]["lr"] *= 0.5
        optimizer.step()
    assert len(long_ways) == 1
    param.data = param.data.copy()
    optimizer.step()
    optimizer.step()
    assert len(long_ways) == 2
    optimizer.param_groups[0]["maximize"] = True
    optimizer.step()
    assert len(long_ways) == 3


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_step_of_several_recipes_is_repeated_too(backend: str, long_ways: list[int]) -> None:
    if reason := why_unavailable(backend):
        pytest.skip(reason)
    params = [Parameter(np.ones(size, kind)) for size in (3, 50) for kind in (np.float32, np.float64)]
    optimizer = Adamax([{"params": params[:2]}, {"params": params[2:], "weight_decay": 0.1}], backend=backend)
    for _ in range(5):
        for param in params:
            param.grad = np.ones(param.shape, param.dtype)
        optimizer.step()
    assert len(long_ways) == 1


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_large_state_which_is_a_view_is_repeated_and_so_are_two_views_of_one_memory(backend: str, long_ways: list[int]) -> None:
    if reason := why_unavailable(backend):
        pytest.skip(reason)
    memory = np.ones(2 << 19, np.float32)
    params = [Parameter(np.ones(1 << 19, np.float32)), Parameter(np.ones(1 << 19))]
    optimizer = Adamax(params, backend=backend)

    def steps(count: int) -> None:
        for _ in range(count):
            for param in params:
                param.grad = np.ones(param.shape, param.dtype)
            optimizer.step()

    steps(3)
    assert not optimizer.state[params[0]]["exp_avg"].flags.owndata and len(long_ways) == 1
    params[0].data, optimizer.state[params[0]]["exp_avg"] = memory[: 1 << 19], memory[1 << 19 :]
    steps(2)
    assert len(long_ways) == 2


@pytest.mark.parametrize("kind", ["complex", "tail", "tensors", "subclass"])
def test_parts_pieces_and_tensors_are_prepared_once(kind: str, long_ways: list[int], peer: Callable[[str], Any]) -> None:
    dtype = {"complex": np.complex64, "tail": np.float16}.get(kind, np.float32)
    params: list[Any] = [Parameter(np.ones((3, 50), dtype)), Parameter(np.asfortranarray(np.ones((3, 50), dtype)))]
    make: Any = Adamax
    if kind in ("tensors", "subclass"):
        torch = peer("torch")
        params = [torch.nn.Parameter(torch.ones(3, 50)), torch.nn.Parameter(torch.ones(50, 3).t())]
    if kind == "subclass":
        from adamax_ref.interop.torch_optimizer import optimizer_class

        make = optimizer_class()
    optimizer = make(params, weight_decay=0.1)
    for _ in range(4):
        for param in params:
            param.grad = param.data.copy() if hasattr(param.data, "copy") else param.data.clone()
        optimizer.step()
    in_place = engine(np.ones(1, dtype), None).capabilities.in_place
    assert len(long_ways) == (1 if in_place else 4)  # what returns new arrays has no memory to be bound to


def test_parameters_that_take_turns_are_prepared_once_each(long_ways: list[int]) -> None:
    params = [Parameter(np.ones(3, np.float32)) for _ in range(2)]
    optimizer = Adamax(params, backend="numpy")
    for t in range(8):
        params[t % 2].grad, params[(t + 1) % 2].grad = np.ones(3, np.float32), None
        optimizer.step()
    assert len(long_ways) == 2
    assert [optimizer.state[param]["step"] for param in params] == [4, 4]


def test_an_lr_array_that_changes_in_place_is_read_at_every_step(long_ways: list[int]) -> None:
    param = Parameter(np.ones(3, np.float32), grad=np.ones(3, np.float32))
    lr = np.array([0.0])
    optimizer = Adamax([param], lr=lr, backend="numpy")
    optimizer.step()
    assert (param.data == 1).all()
    lr[0] = 0.5
    optimizer.step()
    assert (param.data < 1).all()


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("grad", "error", "words"),
    [
        (np.ones(4, np.float32), ValueError, r"the gradient of param_groups\[0\]\['params'\]\[0\] has shape"),
        (np.ones(3), TypeError, "has dtype float64"),
        ([1.0, 2.0, 3.0], TypeError, "is list, not an array"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused_in_the_usual_words(backend: str, grad: Any, error: Any, words: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    param = Parameter(np.ones(3, np.float32), grad=np.ones(3, np.float32))
    optimizer = Adamax([param], backend=backend)
    optimizer.step()
    before = param.data.tobytes()
    param.grad = grad
    with pytest.raises(error, match=words):
        optimizer.step()
    assert param.data.tobytes() == before and optimizer.state[param]["step"] == 1


def test_two_optimizers_that_share_a_parameter_see_each_others_steps() -> None:
    results = []
    for long_way in (False, True):
        param = Parameter(np.ones(3, np.float32))
        pair = [Adamax([param], lr=0.1, backend="numpy"), Adamax([param], lr=0.01, backend="numpy")]
        for t in range(6):
            param.grad = np.full(3, t + 1, np.float32)
            if long_way:
                pair[t % 2]._prepared = PreparedSteps()
            pair[t % 2].step()
        results.append(param.data.tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("backend", ["numpy", "numba", "array-api", "dask", None])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_scalars_and_arrays_without_axes_are_parameters_and_gradients(backend: str | None, kind: Any) -> None:
    """The loop of the README on one number: what NumPy makes of ``2 * w`` is a scalar, not an array."""
    if backend is not None and (reason := why_unavailable(backend)):
        pytest.skip(reason)
    results = []
    for start in (kind(1), np.array(1, kind), np.array([1], kind)):
        data = get_backend("dask").from_host(np.asarray(start)) if backend == "dask" else start
        param = Parameter(data)
        optimizer = Adamax([param], lr=0.1, backend=backend)
        for _ in range(4):
            param.grad = 2 * param.data
            optimizer.step()
        results.append(float(np.asarray(param.data).reshape(-1)[0]))
    assert len(set(results)) == 1 and results[0] < 0.8
