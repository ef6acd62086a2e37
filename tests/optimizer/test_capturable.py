"""Capturable steps: counted and corrected in float32, on every namespace."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter, dialects, init, update

pytestmark = pytest.mark.frameworks
Peer = Callable[[str], ModuleType]
Same = Callable[[Any, Any], bool]


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "complex64"])
def test_twenty_steps_have_the_bits_of_torch_s_capturable_arithmetic(
    peer: Peer, same: Same, monkeypatch: pytest.MonkeyPatch, kind: str, foreach: bool
) -> None:
    """Torch refuses the CPU by a list of devices; with the CPU on that list it runs its own code there."""
    torch = peer("torch")
    module = __import__("sys").modules["torch.optim.adamax"]
    monkeypatch.setattr(module, "_get_capturable_supported_devices", lambda supports_xla=True: ["cpu"])
    torch.manual_seed(4)
    p = torch.randn(300, dtype=getattr(torch, kind))
    q = p.clone()
    theirs = torch.optim.Adamax([p], lr=0.1, capturable=True, foreach=foreach)
    ours = Adamax([q], lr=0.1, capturable=True, foreach=foreach)
    for _ in range(20):
        p.grad = torch.randn(300, dtype=p.dtype)
        q.grad = p.grad.clone()
        theirs.step()
        ours.step()
    assert same(q, p)
    for part in ("step", "exp_avg", "exp_inf"):
        assert same(ours.state[q][part], theirs.state[p][part]), part


@pytest.mark.parametrize("namespace", ["numpy", "array_api_strict", "jax.numpy", "torch"])
def test_namespaces_agree_and_keep_the_counter_in_their_own_float32(peer: Peer, same: Same, namespace: str) -> None:
    xp = peer(namespace)
    values = np.random.default_rng(1).normal(size=50).astype(np.float32)
    p, q = Parameter(xp.asarray(values)), Parameter(values.copy())
    a, b = Adamax([p], capturable=True), Adamax([q], capturable=True)
    for step in range(4):
        grad = values[::-1].copy() * np.float32(step - 1.5)
        p.grad, q.grad = xp.asarray(grad), grad
        a.step()
        b.step()
    assert same(p.data, q.data)
    step = a.state[p]["step"]
    assert float(step) == 4
    assert str(step.dtype).endswith("float32")
    assert type(step).__module__.partition(".")[0] == type(p.data).__module__.partition(".")[0]


def test_the_counter_is_updated_in_place_where_that_is_possible() -> None:
    p = Parameter(np.ones(2), np.ones(2))
    o = Adamax([p], capturable=True)
    o.step()
    step = o.state[p]["step"]
    o.step()
    assert o.state[p]["step"] is step
    assert step == 2


def test_a_capturable_step_differs_from_the_ordinary_one_in_p_alone(same: Same) -> None:
    values = np.random.default_rng(2).normal(size=5000)
    ends = []
    for flag in (False, True):
        p = Parameter(values.copy(), values[::-1].copy())
        o = Adamax([p], capturable=flag)
        for _ in range(3):
            o.step()
        ends.append((p.data, o.state[p]["exp_avg"], o.state[p]["exp_inf"]))
    assert same(ends[0][1], ends[1][1])
    assert same(ends[0][2], ends[1][2])
    assert not same(ends[0][0], ends[1][0])


def test_a_dialect_without_the_variant_refuses_the_flag() -> None:
    p = Parameter(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="dialect 'paper' has no capturable variant"):
        Adamax([p], eps=0, dialect="paper", capturable=True).step()
    assert p.data.tolist() == [1, 1]


def test_loading_a_capturable_group_makes_the_counter_an_array() -> None:
    p = Parameter(np.ones(2), np.ones(2))
    o = Adamax([p])
    o.step()
    saved = o.state_dict(copy=True)
    saved["param_groups"][0]["capturable"] = True
    o.load_state_dict(saved)
    assert o.state[p]["step"].dtype == np.float32
    assert o.state[p]["step"].shape == ()


def test_under_jit_the_step_s_number_is_traced_and_nothing_is_compiled_twice(peer: Peer) -> None:
    """XLA may contract a product and a sum, so the bits are promised outside jit only; here at most a few ulp differ."""
    jax = peer("jax")
    p, g = jax.numpy.asarray([1.0, 2.0, -3.0], dtype="float32"), jax.numpy.asarray([0.5, -0.25, 0.125], dtype="float32")
    traces: list[int] = []

    def one(p: Any, g: Any, state: Any) -> Any:
        traces.append(1)
        return update(p, g, state, dialect="torch/capturable")

    compiled, state, plain, plain_state = jax.jit(one), init(p), p, init(p)
    state = state._replace(step=jax.numpy.int32(0))
    for _ in range(4):
        p, state = compiled(p, g, state)
        plain, plain_state = update(plain, g, plain_state, dialect="torch/capturable")
    assert len(traces) == 1
    assert int(state.step) == plain_state.step == 4
    # Four steps, each with one rounding of p that may fall the other way.
    assert np.all(np.abs(np.asarray(p) - np.asarray(plain)) <= 4 * np.spacing(np.abs(np.asarray(plain))))


def test_the_variant_may_be_named_as_the_dialect_with_or_without_the_flag(same: Same) -> None:
    ends = []
    for dialect, flag in (("torch", True), ("torch/capturable", True), ("torch/capturable", False)):
        p = Parameter(np.arange(1.0, 6.0), np.arange(-2.0, 3.0))
        Adamax([p], dialect=dialect, capturable=flag).step()
        ends.append(p.data)
    assert same(ends[0], ends[1])
    assert same(ends[0], ends[2])


def test_the_variant_is_a_recipe_of_its_own() -> None:
    law = dialects.get("torch/capturable")
    assert "divisor" in law.recipe(law.defaults, "f32").constants
