"""State converted between frameworks: what carries over, and that live runs go on as predicted."""

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref.dialects import get
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.model import follow
from adamax_ref.frameworks.protocol import Start
from adamax_ref.interop.convert import STATES, convert, converted_start, jump
from adamax_ref.law.hyper import Hyperparameters

Peer = Callable[[str], ModuleType]
H = Hyperparameters(lr=0.01, eps=1e-3)


def halfway(name: str, steps: int = 7) -> tuple[Start, np.ndarray[Any, Any]]:
    """Where a run of a dialect stands after some steps, and its next gradient."""
    p, gradients = draw("normal", "f32", 129, steps + 1)
    run = follow(name, Start("f32", H, p, np.zeros_like(p), np.zeros_like(p)), gradients[:steps])
    return Start("f32", H, run.p[-1], run.m[-1], run.u[-1], steps), gradients[steps]


@pytest.mark.parametrize(("source", "target"), [*itertools.permutations(STATES, 2)])
def test_there_and_back_keeps_moment_and_counter_and_all_but_a_rounding_of_the_norm(source: str, target: str) -> None:
    start, _ = halfway(source)
    back = converted_start(target, source, converted_start(source, target, start))
    assert back.t == start.t and np.array_equal(back.m, start.m)
    assert np.all(np.abs(back.u - start.u) <= np.spacing(start.u + np.float32(H.eps)))


def losses_of(source: str, target: str, h: Hyperparameters = H) -> tuple[str, ...]:
    names, like = STATES[source], np.ones(1, np.float32)
    counted = {names.step: 0} if names.step else {names.power: np.float32(0.9)}
    return convert(source, target, {names.moment: like, names.norm: like, **counted}, h).losses


@pytest.mark.parametrize(("source", "target"), [("torch", "optax"), ("optax", "torch")])
def test_where_nothing_is_lost_the_next_step_differs_by_roundings_only(source: str, target: str) -> None:
    start, gradient = halfway(source)
    found = jump(source, target, start, gradient)
    assert losses_of(source, target) == ()
    # At most ten roundings of half a unit in the last place on each side, on numbers no larger than the parameter or 1.
    assert np.all(np.abs(found.difference) <= 20 * 2.0**-24 * np.maximum(np.abs(found.stayed), 1.0))


def test_every_other_pair_says_what_is_lost() -> None:
    silent = {pair for pair in itertools.permutations(STATES, 2) if not losses_of(*pair)}
    assert silent == {("torch", "optax"), ("optax", "torch")}


def test_decay_that_means_something_else_is_said() -> None:
    h = Hyperparameters(lr=0.01, eps=1e-3, weight_decay=0.1)
    assert losses_of("torch", "optax", h) == ("weight decay means something else: l2 here, decoupled there",)


def test_a_missing_bias_correction_shortens_the_step_by_what_is_stated() -> None:
    start, gradient = halfway("torch", steps=2)
    start = Start("f32", Hyperparameters(lr=0.01, eps=0.0), start.p, start.m, start.u, 2)
    names = STATES["torch"]
    losses = convert("torch", "mlx", {"step": 2, names.moment: start.m, names.norm: start.u}, start.hyper).losses
    assert losses == ("only one of them corrects the bias: the next step is shorter by the factor 1-beta1**3",)
    found = jump("torch", "mlx", start, gradient)
    walked = start.p.astype(float) - found.stayed
    assert np.allclose(found.difference, walked * 0.9**3, rtol=0, atol=2.0**-22)  # of parameters up to 4, four roundings


def test_paddles_power_tells_the_step_and_a_foreign_one_is_refused() -> None:
    m = np.zeros(1, np.float32)
    state = convert("torch", "paddle", {"step": 40, "exp_avg": m, "exp_inf": m}, H).state
    assert convert("paddle", "torch", state, H).state["step"] == 40
    with pytest.raises(ValueError, match="is no power of beta1"):
        convert("paddle", "torch", {**state, "beta1_pow_acc": np.float32(0.5)}, H)
    with pytest.raises(ValueError, match="count the steps yourself"):
        convert("paddle", "torch", {**state, "beta1_pow_acc": np.float32(0.0)}, H)


def test_an_unknown_framework_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the state of 'candle' is not known; known are torch"):
        convert("candle", "torch", {}, H)


@pytest.mark.frameworks
@pytest.mark.parametrize("target", ["optax", "optax/jit"])
def test_a_live_torch_run_goes_on_in_optax_and_back_as_predicted(target: str, peer: Peer) -> None:
    torch, optax, jax = peer("torch"), peer("optax"), peer("jax")
    p, gradients = draw("normal", "f32", 129, 10)
    tensor = torch.tensor(p)
    optimizer = torch.optim.Adamax([tensor], lr=H.lr, betas=H.betas, eps=H.eps)
    _torch_steps(torch, optimizer, tensor, gradients[:4])
    saved = optimizer.state_dict()["state"][0]
    before = Start("f32", H, tensor.numpy().copy(), saved["exp_avg"].numpy(), saved["exp_inf"].numpy(), int(saved["step"]))
    moved = convert("torch", target, saved, H)
    assert moved.losses == ()

    rule = optax.adamax(H.lr, H.beta1, H.beta2, H.eps)
    tree = [jax.numpy.asarray(before.p)]
    state = _optax_state(jax, rule.init(tree), moved.state)
    for gradient in gradients[4:7]:
        tree, state = _optax_step(jax, optax, rule, "jit" in target, gradient, state, tree)
        if gradient is gradients[4]:
            after_one = np.asarray(tree[0])
    predicted = jump("torch", target, before, gradients[4])
    assert np.array_equal(after_one, predicted.moved)

    _torch_steps(torch, optimizer, tensor, gradients[4:5])
    assert np.array_equal(after_one.astype(float) - tensor.numpy(), predicted.difference)

    inner = state[0]
    middle = Start("f32", H, np.array(tree[0]), np.array(inner.mu[0]), np.array(inner.nu[0]), int(inner.count))
    back = convert(target, "torch", {"count": inner.count, "mu": inner.mu[0], "nu": inner.nu[0]}, H).state
    tensor = torch.tensor(middle.p)
    optimizer = torch.optim.Adamax([tensor], lr=H.lr, betas=H.betas, eps=H.eps)
    values = {"step": torch.tensor(float(back["step"])), **{k: torch.tensor(back[k]) for k in ("exp_avg", "exp_inf")}}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": {0: values}})
    _torch_steps(torch, optimizer, tensor, gradients[7:8])
    assert np.array_equal(tensor.numpy(), jump(target, "torch", middle, gradients[7]).moved)


def _torch_steps(torch: Any, optimizer: Any, tensor: Any, gradients: list[Any]) -> None:
    for gradient in gradients:
        tensor.grad = torch.tensor(gradient)
        optimizer.step()


def _optax_state(jax: Any, fresh: Any, state: Any) -> Any:
    first, *rest = fresh
    arrays = {name: [jax.numpy.asarray(state[name])] for name in ("mu", "nu")}
    return (first._replace(count=jax.numpy.asarray(state["count"], jax.numpy.int32), **arrays), *rest)


def _optax_step(jax: Any, optax: Any, rule: Any, compiled: bool, gradient: Any, state: Any, tree: Any) -> Any:
    def advance(g: Any, s: Any, p: Any) -> Any:
        change, after = rule.update(g, s, p)
        return optax.apply_updates(p, change), after

    return (jax.jit(advance) if compiled else advance)([jax.numpy.asarray(gradient)], state, tree)


def test_every_framework_with_a_state_is_a_dialect() -> None:
    assert all(get(name).family is not None for name in STATES)
