"""The pure form, and the optimizer on arrays of every namespace."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adamax_ref
from adamax_ref import Adamax, Hyperparameters, Parameter, State, init, update
from adamax_ref.backend import get_backend
from adamax_ref.optimizer import groups

from .tampered import Fault, Tampered

Peer = Callable[[str], ModuleType]
Same = Callable[[Any, Any], bool]
NAMESPACES = ["numpy", "array_api_strict", "jax.numpy", "torch"]
VALUES = np.random.default_rng(8).normal(size=(5, 7)).astype(np.float32)


def _numpy_run(values: Any, steps: int, **options: Any) -> Any:
    p = Parameter(values.copy(), values[::-1].copy())
    o = Adamax([p], **options)
    for _ in range(steps):
        o.step()
    return p.data, o.state[p]


@pytest.mark.frameworks
@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("kind", ["float32", "complex64"])
def test_the_pure_form_has_the_bits_of_the_optimizer_and_changes_nothing(peer: Peer, same: Same, namespace: str, kind: str) -> None:
    xp = peer(namespace)
    values = VALUES if kind == "float32" else (VALUES + 1j * VALUES[::-1]).astype(np.complex64)
    params = {"layer": [xp.asarray(values.copy()), xp.asarray(values[0].copy())]}
    grads = {"layer": [xp.asarray(values[::-1].copy()), None]}
    before = np.array(np.asarray(params["layer"][0]))
    state, new = init(params), params
    for _ in range(3):
        new, state = update(new, grads, state, Hyperparameters(lr=0.1, weight_decay=0.1))
    data, memory = _numpy_run(values, 3, lr=0.1, weight_decay=0.1)
    assert same(new["layer"][0], data)
    assert same(state.exp_inf["layer"][0], memory["exp_inf"])
    assert same(params["layer"][0], before)
    assert state.step == {"layer": [3, 0]}
    assert new["layer"][1] is params["layer"][1]


@pytest.mark.frameworks
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_the_optimizer_steps_arrays_of_every_namespace(peer: Peer, same: Same, namespace: str) -> None:
    xp = peer(namespace)
    first = xp.asarray(VALUES.copy())
    p = Parameter(first, xp.asarray(VALUES[::-1].copy()), "weight")
    o = Adamax([p], lr=0.1)
    for _ in range(3):
        o.step()
    data, memory = _numpy_run(VALUES, 3, lr=0.1)
    assert same(p.data, data)
    assert same(o.state[p]["exp_avg"], memory["exp_avg"])
    assert (p.data is first) == (namespace in ("numpy", "torch"))
    o.zero_grad(set_to_none=False)
    assert not np.any(np.asarray(p.grad))


@pytest.mark.frameworks
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_jax_in_16_bits_with_decay_is_cut_by_position_as_numpy_is(peer: Peer, same: Same, kind: str) -> None:
    jnp, extra = peer("jax.numpy"), peer("ml_dtypes")
    dtype = np.float16 if kind == "float16" else extra.bfloat16
    values = VALUES.ravel().repeat(2)[:67].astype(dtype)
    p = Parameter(jnp.asarray(values), jnp.asarray(values[::-1].copy()))
    o = Adamax([p], lr=0.1, weight_decay=0.1, eps=1e-3)
    for _ in range(3):
        o.step()
    assert same(p.data, _numpy_run(values, 3, lr=0.1, weight_decay=0.1, eps=1e-3)[0])


@pytest.mark.parametrize("backend", ["numpy", "numba", "array-api"])
def test_every_backend_for_the_host_gives_the_same_bits_in_place(same: Same, backend: str) -> None:
    reason = adamax_ref.why_unavailable(backend)
    if reason is not None:
        pytest.skip(reason)
    p = Parameter(VALUES.copy().T, VALUES[::-1].copy().T)
    held = p.data
    o = Adamax([p], backend=backend, weight_decay=0.1)
    for _ in range(3):
        o.step()
    assert p.data is held
    assert same(p.data.T, _numpy_run(VALUES, 3, weight_decay=0.1)[0])


def test_read_only_arrays_are_replaced_by_a_backend_that_needs_no_memory_to_write_to(same: Same) -> None:
    frozen = VALUES.copy()
    frozen.flags.writeable = False
    p = Parameter(frozen, VALUES[::-1].copy())
    Adamax([p], backend="array-api").step()
    assert p.data is not frozen
    assert same(p.data, _numpy_run(VALUES, 1)[0])


def test_named_tuples_lists_and_branches_without_gradient_are_trees() -> None:
    params = (State(np.ones(1), np.ones(2), [np.ones(3)]), {"a": np.ones(1)})
    new, state = update(params, (State(np.ones(1), None, [None]), None), init(params))
    assert isinstance(new[0], State)
    assert state.step[0].step == 1
    assert state.step[1] == {"a": 0}


@pytest.mark.parametrize(
    ("grads", "hyper", "kind", "words"),
    [
        ({"b": np.ones(2)}, None, ValueError, "the trees differ: there is no 'a'"),
        ({"a": np.ones(3)}, None, ValueError, "has shape (3,), but the parameter has (2,)"),
        ({"a": np.ones(2, np.float32)}, None, TypeError, "has dtype float32, but the parameter has float64"),
        ({"a": np.ones(2)}, {"lr": -1.0}, ValueError, "Invalid learning rate: -1.0"),
        ({"a": np.ones(2)}, {"momentum": 1.0}, ValueError, "unknown hyperparameter 'momentum'"),
    ],
)
def test_bad_input_of_the_pure_form_is_named(
    fails: Callable[..., Any], grads: Any, hyper: Any, kind: type[Exception], words: str
) -> None:
    params = {"a": np.zeros(2)}
    with fails(kind, words):
        update(params, grads, init(params), hyper)


def test_unknown_dialects_and_backends_are_named(fails: Callable[..., Any]) -> None:
    with fails(ValueError, "unknown dialect 'tourch'"):
        Adamax([Parameter(np.ones(1))], dialect="tourch")
    with fails(ValueError, "unknown backend 'nympy'"):
        Adamax([Parameter(np.ones(1))], backend="nympy")
    with fails(ValueError, "dialect 'paper' has no epsilon, but eps=1e-08; pass eps=0"):
        Adamax([Parameter(np.ones(1))], dialect="paper")
    with fails(TypeError, "data must be an array, not list"):
        Parameter([1.0])  # type: ignore[arg-type] # what is refused


def test_every_dialect_starts_from_its_own_defaults() -> None:
    for name in adamax_ref.dialects.names():
        options = adamax_ref.defaults(name)
        kind = np.float32 if "f32" in adamax_ref.dialects.get(name).profiles else np.float64
        p = Parameter(np.ones(3, kind), np.full(3, 0.5, kind))
        Adamax([p], **options, backend="numpy").step()
        assert p.data[0] < 1


def test_a_failing_call_of_one_sort_leaves_the_others_alone(fails: Callable[..., Any]) -> None:
    p, q = Parameter(np.ones(2), np.ones(2)), Parameter(np.ones(2, np.float32), np.ones(2, np.float32))
    o = Adamax([p, q])
    o.step()
    before = p.data.copy()
    o.state[q]["exp_avg"] = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (2,), (0,))
    with fails(ValueError, "overlap"):
        o.step()
    assert p.data.tolist() == before.tolist()
    assert o.state[p]["step"] == 1


def test_one_kernel_call_serves_all_parameters_of_a_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    for foreach, wanted in ((None, [4]), (True, [4]), (False, [1, 1, 1, 1])):
        counting = Tampered(get_backend("numpy"), Fault())
        monkeypatch.setattr(groups, "backend_for", lambda array, chosen=counting: chosen)
        made = [{"params": [Parameter(np.ones(2), np.ones(2)) for _ in range(2)], "lr": lr} for lr in (0.1, 0.2)]
        Adamax(made, foreach=foreach).step()
        assert counting.sizes == wanted


@pytest.mark.frameworks
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_saved_state_may_hold_arrays_of_any_namespace(peer: Peer, same: Same, namespace: str) -> None:
    xp = peer(namespace)
    p, q = (Parameter(np.ones(3, np.float32), np.full(3, 0.5, np.float32)) for _ in range(2))
    o, plain = Adamax([p]), Adamax([q])
    moments = {"exp_avg": np.array([0.1, 0.2, 0.3], np.float32), "exp_inf": np.array([1.0, 2.0, 3.0], np.float32)}
    for optimizer, kind in ((o, xp.asarray), (plain, np.asarray)):
        entry = {"step": kind(3), **{name: kind(value) for name, value in moments.items()}}
        optimizer.load_state_dict({**optimizer.state_dict(), "state": {0: entry}})
        optimizer.step()
    assert same(p.data, q.data)
    assert type(o.state[p]["exp_avg"]) is np.ndarray
    assert o.state[p]["step"] == 4


@pytest.mark.frameworks
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_learning_rate_of_any_namespace_is_read_at_each_step(peer: Peer, same: Same, namespace: str) -> None:
    xp = peer(namespace)
    p, q = (Parameter(np.ones(3), np.full(3, 0.5)) for _ in range(2))
    o, plain = Adamax([p], lr=xp.asarray([0.25])), Adamax([q], lr=0.25)
    for _ in range(2):
        o.step()
        plain.step()
    assert same(p.data, q.data)
