"""The state of one parameter between frameworks: what is taken, what is refused, and the step."""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.frameworks.protocol import Start
from adamax_ref.interop.convert import STATES, Kind, convert, jump, last_distinct_step
from adamax_ref.interop.convert.counting import counters
from adamax_ref.interop.convert.layout import layout_of
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.powers import running_product
from adamax_ref.recipe.profile import BINARY32

Peer = Callable[[str], ModuleType]
H = Hyperparameters(lr=0.01, eps=1e-3)
ONE = np.ones(2, np.float32)
NAMES = tuple(STATES)
PRODUCTS = [name for name in NAMES if STATES[name].product is not None]
every_framework = pytest.mark.parametrize("name", NAMES)


def state(name: str, steps: int = 3, /, **changes: Any) -> dict[str, Any]:
    """Return a state of a framework's; None takes a name out."""
    layout = layout_of(name)
    made = {layout.moment: ONE, layout.norm: ONE, **counters(name, layout, H, "f32", steps), **changes}
    return {key: value for key, value in made.items() if value is not None}


def elsewhere(name: str) -> str:
    return "mlx" if name != "mlx" else "torch"


@every_framework
def test_a_name_that_is_missing_or_strange_is_refused_by_name(name: str) -> None:
    for part in state(name):
        with pytest.raises(KeyError, match=f"the state lacks {part}: the state of one parameter in {name} holds"):
            convert(name, elsewhere(name), state(name, **{part: None}), H)
    with pytest.raises(KeyError, match="the state holds exp_avg_sq, which is not Adamax's"):
        convert(name, elsewhere(name), state(name, exp_avg_sq=ONE), H)


@every_framework
@pytest.mark.parametrize("wrong", [-1, -3.0, 2.7, math.nan, math.inf, "3", np.array([1, 2]), 10**30, -(10**30)])
def test_a_step_that_is_none_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="step"):
        convert(name, elsewhere(name), state(name), H, wrong)
    count = layout_of(name).count
    if count is not None:
        with pytest.raises((ValueError, TypeError), match=count.name):
            convert(name, elsewhere(name), state(name, **{count.name: wrong}), H)


@every_framework
def test_a_step_beyond_the_targets_counter_is_refused(name: str) -> None:
    count = layout_of(name).count
    last = 2**62 if count is None else min(count.last, 2**62)
    moved = convert("mxnet/1.x", name, {"m": ONE, "u": ONE, "count": last}, H)
    assert moved.step == last
    if count is not None and last < 2**62:
        assert moved.state[count.name] == last + count.ahead
        words = f"step={last + 1} is beyond {count.name} of {name}, a counter of type {count.form}"
        with pytest.raises(ValueError, match=words):
            convert("mxnet/1.x", name, {"m": ONE, "u": ONE, "count": last + 1}, H)


ENDS = [np.float16(2**11), np.float32(2**24), np.float64(2**53), np.int8(127), np.int32(2**31 - 1)]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.dtype.name)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in PRODUCTS])
def test_a_counter_at_the_end_of_its_type_needs_the_step(name: str, end: Any) -> None:
    count = layout_of(name).count
    assert count is not None
    stuck = state(name, **{count.name: end})
    with pytest.raises(ValueError, match=f"{count.name}=.* is at the end of its type, so .* cannot be determined; pass step="):
        convert(name, "mxnet/1.x", stuck, H)
    assert convert(name, "mxnet/1.x", stuck, H, step=2**54).state["count"] == 2**54
    before = state(name, **{count.name: end - end.dtype.type(1)})
    assert convert(name, "mxnet/1.x", before, H).step == int(end) - 1 - count.ahead


@every_framework
def test_a_step_that_contradicts_the_state_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"contradictory: step= 4, .* 3|but after 4 steps"):
        convert(name, elsewhere(name), state(name), H, step=4)
    assert convert(name, elsewhere(name), state(name), H, step=3).step == 3


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_that_is_not_the_steps_own_is_refused(name: str) -> None:
    product = layout_of(name).product
    assert product is not None
    with pytest.raises(ValueError, match=f"{product.name}=0.25"):
        convert(name, "torch", state(name, **{product.name: np.float32(0.25)}), H)
    without = state(name, **{product.name: None})
    assert convert(name, "torch", without, H, step=3).step == 3  # beta1 may have been changed during the run
    for wrong in (np.ones(2, np.float32), np.array(["a"]), np.complex64(1)):
        with pytest.raises((ValueError, TypeError), match=product.name):
            convert(name, "torch", state(name, **{product.name: wrong}), H)


@pytest.mark.parametrize("late", [963, 964, 1000, 50_000, 2**40])
def test_a_product_that_has_sunk_needs_the_step(late: int) -> None:
    sunk = state("paddle", late)
    with pytest.raises(ValueError, match=r"beta1_pow_acc=5.6\S*e-45 does not determine the step: .* from step 963 on; pass step="):
        convert("paddle", "keras", sunk, H)
    for moved in (convert("paddle", "keras", sunk, H, late), convert("paddle", "keras", {**sunk, "step": late}, H)):
        assert (moved.step, moved.state["iterations"]) == (late, late)
    with pytest.raises(ValueError, match="after 100 steps"):
        convert("paddle", "keras", sunk, H, step=100)
    assert convert("paddle", "keras", state("paddle", 962), H).step == 962


def test_a_counter_determines_the_step_where_a_product_beside_it_does_not() -> None:
    for name in ("tfjs", "mindspore"):
        assert convert(name, "torch", state(name, 2_000_000), H).step == 2_000_000


def test_a_product_that_a_device_has_flushed_still_agrees_with_its_counter() -> None:
    assert convert("tfjs", "torch", state("tfjs", 900, accBeta1=np.float32(0)), H).step == 900


@given(st.sampled_from(PRODUCTS), st.floats(0.0, 0.99), st.sampled_from(["f32", "f64"]))
@settings(deadline=None, max_examples=40)
def test_the_last_step_that_a_product_determines_is_the_last_one(name: str, beta1: float, profile: str) -> None:
    last, h = last_distinct_step(name, beta1, profile), Hyperparameters(beta1=beta1)
    product = layout_of(name).product
    assert product is not None

    def power(t: int) -> float:
        return float(counters(name, layout_of(name), h, profile, t)[product.name].item())

    assert last < 1 or power(last - 1) > power(last)
    assert (last < 0 or power(last) > power(last + 1)) and power(last + 1) == power(last + 2) == power(2**24 - 2)


def test_a_beta_that_rounds_to_one_determines_no_step() -> None:
    assert [last_distinct_step(name, 0.99999999) for name in PRODUCTS] == [-1, -1, -1]
    with pytest.raises(ValueError, match="so near to 1 that its powers fall for more than 16777216 steps"):
        last_distinct_step("paddle", 1 - 2.0**-20)
    with pytest.raises(ValueError, match="torch holds no running product of beta1"):
        last_distinct_step("torch", 0.9)


def test_moment_and_norm_must_be_alike_and_of_numbers() -> None:
    with pytest.raises(ValueError, match=r"exp_avg is float32 of shape \(2,\), but exp_inf is float32 of shape \(3,\)"):
        convert("torch", "keras", state("torch", exp_inf=np.ones(3, np.float32)), H)
    with pytest.raises(ValueError, match=r"exp_avg is float32 of .*, but exp_inf is float64"):
        convert("torch", "keras", state("torch", exp_inf=np.ones(2)), H)
    with pytest.raises(TypeError, match="exp_avg: Adamax needs a floating or complex dtype, not int64"):
        convert("torch", "keras", state("torch", exp_avg=np.ones(2, int)), H)
    with pytest.raises(TypeError, match="exp_avg must be an array of numbers, got str"):
        convert("torch", "keras", state("torch", exp_avg="ones"), H)
    with pytest.raises(
        ValueError, match="exp_inf has negative elements, which a norm cannot; did exp_avg and exp_inf change places"
    ):
        convert("torch", "keras", state("torch", exp_inf=-ONE), H)


@pytest.mark.parametrize("name", ["candle", "mxnet", "keras/early", "torch7"])
def test_a_framework_whose_state_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"the state of '{name}' is not known; known are .*, torch, "):
        convert(name, "torch", {}, H)


def test_what_is_returned_shares_no_memory_and_changes_nothing() -> None:
    given = state("torch", exp_avg=np.arange(4.0)[::2].astype(">f8"), exp_inf=np.ones(2))
    moved = convert("torch", "keras", given, H)
    moved.state["momentum"][:] = moved.state["norm"][:] = 7
    assert given["exp_avg"].tolist() == [0.0, 2.0] and given["exp_inf"].tolist() == [1.0, 1.0]
    assert moved.state["momentum"].dtype == np.dtype("=f8")


def test_both_parts_of_a_complex_norm_lose_their_epsilon() -> None:
    h = Hyperparameters(eps=0.25)
    both = state("torch", exp_avg=np.ones(1, np.complex64), exp_inf=np.array([1 + 0.125j], np.complex64))
    moved = convert("torch", "keras", both, h)
    assert moved.state["norm"].tolist() == [0.75 + 0j]
    assert {Kind.TYPE, Kind.EPSILON} <= {loss.kind for loss in moved.losses}


def test_a_missing_bias_correction_shortens_the_step_by_what_is_stated() -> None:
    h = Hyperparameters(lr=0.25, eps=0.0)
    p, g = np.zeros(1), np.ones(1)
    loss = convert("torch", "mlx", {"step": 2, "exp_avg": g, "exp_inf": g}, h).losses[0]
    assert loss == "only one of them corrects the bias: the next step is shorter by the factor 1-beta1**3"
    found = jump("torch", "mlx", Start("f64", h, p, g, g, 2), g)
    assert np.allclose(found.moved, found.stayed * (1 - 0.9**3), rtol=2.0**-50, atol=0)  # a few roundings


@pytest.mark.frameworks
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16", "complex64"])
def test_a_live_state_of_torch_is_taken_with_its_bits(dtype: str, peer: Peer) -> None:
    torch = peer("torch")
    kind = getattr(torch, dtype)
    tensor = torch.nn.Parameter(torch.ones(3, dtype=kind))
    optimizer = torch.optim.Adamax([tensor])
    tensor.grad = torch.tensor([0.3, 1e-6, -2.0], dtype=kind)
    optimizer.step()
    held = optimizer.state[tensor]
    held["exp_avg"].requires_grad_(True)
    moved = convert("torch", "pytorch-optimizer", held, H).state
    assert moved["step"] == 1
    for name in ("exp_avg", "exp_inf"):
        got, want = moved[name], held[name].detach()
        assert got.dtype.name == dtype
        assert got.tobytes() == bytes(want.contiguous().view(torch.uint8).numpy())


@pytest.mark.frameworks
def test_arrays_of_other_libraries_are_taken(peer: Peer) -> None:
    import ml_dtypes

    jax, mlx = peer("jax"), peer("mlx.core")
    half = np.array([0.1, 2.0]).astype(ml_dtypes.bfloat16)
    ours = jax.numpy.asarray(half)
    moved = convert("optax", "torch", {"mu": ours, "nu": ours, "count": jax.numpy.int32(3)}, H).state
    assert moved["exp_avg"].tobytes() == half.tobytes() and moved["step"] == 3
    ours = mlx.array([0.1, 2.0]).astype(mlx.bfloat16)
    moved = convert("mlx", "torch", {"m": ours, "v": ours, "step": mlx.array(3, mlx.uint64)}, H).state
    assert moved["exp_avg"].tobytes() == half.tobytes() and moved["step"] == 3
    single = mlx.array([0.1, 2.0])
    moved = convert("mlx", "torch", {"m": single, "v": single, "step": 3}, H).state
    assert moved["exp_avg"].dtype == np.float32


def test_the_product_of_paddle_is_the_running_one() -> None:
    power = counters("paddle", layout_of("paddle"), H, "f32", 40)["beta1_pow_acc"]
    assert (power.shape, float(power[0])) == ((1,), running_product(BINARY32.round(0.9), 41, BINARY32))
