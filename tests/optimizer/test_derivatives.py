"""Derivatives of a step: torch's autograd, JAX, our explicit product, finite differences, and exact arithmetic."""

import operator
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Hyperparameters, State, dialects, init, update, vjp
from adamax_ref.exact.compare import ulp_distance
from adamax_ref.optimizer.derivatives import NAMES, pullback, slopes
from adamax_ref.optimizer.traced import scalars
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.operations import fma, greater, maximum
from adamax_ref.recipe.profile import BINARY64, Unrounded

Peer = Callable[[str], ModuleType]
Same = Callable[[Any, Any], bool]

P = [1.0, 1.5, -0.7, 0.3]
G = [0.3, -0.2, 0.9, -0.4]
M = [-1.0, 0.7, -2.8, 1.3]
U = [9.0, 0.1, 9.0, 0.1]
"""Where a derivative is a sum of terms that nearly cancel, an ulp of a term is many of the sum, and no two orders of
summation agree to the last bits. So the moment points away from the gradient: then all terms have one sign. The norm is
large for two elements and small for the others, which takes the maximum to both its sides."""
OPTIONS: dict[str, Any] = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}
STEPS = 5
EXACT: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "fma": fma,
    "neg": operator.neg, "abs": abs, "max": maximum, "greater": greater, "round": lambda a: a, "flush": lambda a: a,
}  # fmt: skip


def _scale(step: int) -> float:
    """Return what the gradient is multiplied by at a step: it grows and shrinks, so both sides of the maximum occur."""
    return (1.0, 2.0, 0.5, 0.25, 3.0)[step]


def _five(p: Any, g: Any, options: dict[str, Any], like: Callable[[Any], Any] = np.array) -> Any:
    """Return the sum of the parameters after five steps of the pure form."""
    state = State(0, like(M), like(U))
    for step in range(STEPS):
        p, state = update(p, g * _scale(step), state, options)
    return p.sum()


def _torch_five(torch: ModuleType) -> tuple[list[float], list[float], float]:
    """Return torch's own derivatives by parameter and gradient, and the value."""
    leaf, g = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (P, G))
    p = leaf.clone()
    held = {"step": torch.tensor(0.0), "exp_avg": torch.tensor(M, dtype=p.dtype), "exp_inf": torch.tensor(U, dtype=p.dtype)}
    for step in range(STEPS):
        p.retain_grad()
        o = torch.optim.Adamax([p], lr=OPTIONS["lr"], weight_decay=OPTIONS["weight_decay"], differentiable=True)
        o.state[p].update(held)
        p.grad = g * _scale(step)
        o.step()
        # torch overwrites what its own graph needs: the next step has to work on copies.
        held = {name: value.clone() for name, value in o.state[p].items()}
        p = p.clone()
    p.sum().backward()
    return leaf.grad.tolist(), g.grad.tolist(), p.sum().item()


def _numpy_five() -> tuple[Any, Any, dict[str, float]]:
    """Return the derivatives by parameter, gradient and options from the explicit product."""
    p, g, state, pulls = np.array(P), np.array(G), State(0, np.array(M), np.array(U)), []
    for step in range(STEPS):
        (p, state), pull = vjp(p, g * _scale(step), state, Hyperparameters(**OPTIONS))
        pulls.append(pull)
    p_bar: Any = np.ones(len(P))
    g_bar, state_bar, sums = np.zeros(len(P)), None, dict.fromkeys(NAMES, 0.0)
    for step, pull in reversed(list(enumerate(pulls))):
        p_bar, part, state_bar, by_option = pull(p_bar, state_bar)
        g_bar = g_bar + part * _scale(step)
        sums = {name: sums[name] + by_option[name] for name in NAMES}
    return p_bar, g_bar, sums


def _ulps(got: Any, want: Any) -> float:
    return max(ulp_distance(float(a), float(b), BINARY64) for a, b in zip(got, want, strict=True))


def _relative(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b))


@pytest.mark.frameworks
def test_a_differentiable_step_of_ours_on_tensors_has_torch_s_values_and_gradients(peer: Peer, same: Same) -> None:
    torch = peer("torch")
    ends = []
    for optimizer in (torch.optim.Adamax, Adamax):
        tensors = [
            torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in ((1.0, 2.0), (0.3, -0.2), (0.05, 0.02), (0.1, 0.5))
        ]
        p, g, m, u = (x.clone() for x in tensors)
        p.retain_grad()
        p.grad = g
        o = optimizer([p], lr=0.1, weight_decay=0.1, differentiable=True)
        o.state[p].update({"step": torch.tensor(3.0), "exp_avg": m, "exp_inf": u})
        o.step()
        p.sum().backward()
        ends.append([p.detach(), o.state[p]["exp_avg"].detach(), o.state[p]["exp_inf"].detach(), *(x.grad for x in tensors)])
    assert all(same(a, b) for a, b in zip(ends[0][:3], ends[1][:3], strict=True))
    assert all(_ulps(b, a) <= 1 for a, b in zip(ends[0][3:], ends[1][3:], strict=True))
    assert _ulps(ends[1][3], [1.0081782489004798, 0.9941785344518698]) <= 1
    assert _ulps(ends[1][6], [0.0, 0.020957275973268998]) <= 1


@pytest.mark.frameworks
@pytest.mark.parametrize("kind", ["float32", "float64", "complex64", "bfloat16"])
def test_the_flag_changes_no_bit(peer: Peer, same: Same, kind: str) -> None:
    torch = peer("torch")
    ends = []
    for flag in (False, True):
        torch.manual_seed(0)
        p = torch.randn(70, dtype=getattr(torch, kind))
        o = Adamax([p], lr=0.1, weight_decay=0.1, differentiable=flag)
        for _ in range(3):
            p.grad = torch.randn(70, dtype=p.dtype)
            o.step()
        ends.append((p, o.state[p]["exp_avg"], o.state[p]["exp_inf"]))
    assert all(same(a, b) for a, b in zip(*ends, strict=True))


@pytest.mark.frameworks
def test_jax_through_five_steps_equals_torch_s_differentiable_steps(peer: Peer) -> None:
    """Same operations in the same order; only a product that autograd sums in another order can cost an ulp."""
    jax, torch = peer("jax"), peer("torch")
    wanted_p, wanted_g, value = _torch_five(torch)
    with jax.enable_x64(True):
        p, g = jax.numpy.asarray(P), jax.numpy.asarray(G)
        found, (by_p, by_g) = jax.value_and_grad(lambda p, g: _five(p, g, OPTIONS, jax.numpy.asarray), argnums=(0, 1))(p, g)
    assert float(found) == value
    assert _ulps(by_p, wanted_p) <= 2
    assert _ulps(by_g, wanted_g) <= 2


@pytest.mark.frameworks
def test_the_explicit_product_equals_torch_s_and_jax_s_gradients_also_for_the_options(peer: Peer) -> None:
    torch, jax = peer("torch"), peer("jax")
    by_p, by_g, by_option = _numpy_five()
    wanted_p, wanted_g, _ = _torch_five(torch)
    assert _ulps(by_p, wanted_p) <= 2
    assert _ulps(by_g, wanted_g) <= 2
    traced = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in OPTIONS.items()}
    tensors = [torch.tensor(x, dtype=torch.float64) for x in (P, G)]
    _five(tensors[0], tensors[1], traced, lambda x: torch.tensor(x, dtype=torch.float64)).backward()
    with jax.enable_x64(True):
        arrays = [jax.numpy.asarray(x) for x in (P, G)]
        in_jax = jax.grad(lambda options: _five(arrays[0], arrays[1], options, jax.numpy.asarray))(
            {k: jax.numpy.float64(v) for k, v in OPTIONS.items()}
        )
    # Sums over elements and steps, in three orders: 4 elements, 5 steps, at most about 10 roundings each.
    allowed = 200 * 2.0**-53 * 100
    for name in ("lr", "beta1", "weight_decay", "beta2", "eps"):
        assert _relative(by_option[name], traced[name].grad.item()) <= allowed or by_option[name] == traced[name].grad.item()
        assert _relative(by_option[name], float(in_jax[name])) <= allowed or by_option[name] == float(in_jax[name])


def test_the_explicit_product_equals_finite_differences() -> None:
    """A central difference with step h is off by h**2 of the third derivative, and by an ulp of the value over h."""
    h = 2.0**-17
    by_p, by_g, by_option = _numpy_five()
    for at in range(len(P)):
        step = np.zeros(len(P))
        step[at] = h
        difference = (_five(np.array(P) + step, np.array(G), OPTIONS) - _five(np.array(P) - step, np.array(G), OPTIONS)) / (2 * h)
        assert abs(difference - by_p[at]) < 1e3 * h**2 + 16 * 2.0**-52 / h
        difference = (_five(np.array(P), np.array(G) + step, OPTIONS) - _five(np.array(P), np.array(G) - step, OPTIONS)) / (2 * h)
        assert abs(difference - by_g[at]) < 1e3 * h**2 + 16 * 2.0**-52 / h
    for name in ("lr", "beta1", "weight_decay"):
        up, down = ({**OPTIONS, name: OPTIONS[name] + sign * h} for sign in (1, -1))
        difference = (_five(np.array(P), np.array(G), up) - _five(np.array(P), np.array(G), down)) / (2 * h)
        assert abs(difference - by_option[name]) < 1e5 * h**2 + 16 * 2.0**-52 / h


def _numbers(h: dict[str, Fraction]) -> Hyperparameters:
    lr, beta1, beta2, eps, decay = (float(h[name]) for name in NAMES)
    return Hyperparameters(lr, beta1, beta2, eps, decay)


def _exact(dialect: str, values: dict[str, Fraction], h: dict[str, Fraction], t: int) -> tuple[Any, dict[str, Any], Any]:
    """Return recipe, values and outputs of one element in rationals."""
    law = dialects.get(dialect)
    recipe = law.recipe(_numbers(h), "f64")
    made = law.constants(SimpleNamespace(**h, maximize=False), t, Unrounded())
    given = {**values, **{name: made[name] for name in recipe.constants}}
    return recipe, given, recipe.evaluate(EXACT, given)


@pytest.mark.parametrize("t", [1, 4])
@pytest.mark.parametrize("g", ["1/3", "-5/7", "1/1000"])
def test_the_product_is_certified_by_differences_in_exact_arithmetic(g: str, t: int) -> None:
    """With h = 10**-30 a central difference of rationals is right to some 10**-58: far more than needed."""
    values = {"p": Fraction(3, 2), "g": Fraction(g), "m": Fraction(1, 20), "u": Fraction(2, 5)}
    h = {"lr": Fraction(1, 10), "beta1": Fraction(9, 10), "beta2": Fraction(999, 1000), "eps": Fraction(1, 10**8)}
    h["weight_decay"] = Fraction(1, 10)
    bars = {"p": Fraction(1), "m": Fraction(-2, 3), "u": Fraction(1, 7)}
    recipe, given, _ = _exact("torch", values, h, t)
    pulled = pullback(recipe, EXACT, lambda condition, a, b: a if condition else b, given, bars)
    numbers = _numbers(h)
    by_constant = slopes(dialects.get("torch"), SimpleNamespace(**h, maximize=False), t, recipe.constants, Fraction)  # type: ignore[arg-type]
    tiny = Fraction(1, 10**30)

    def moved(name: str, by: Fraction) -> Fraction:
        there, options = dict(values), dict(h)
        (there if name in there else options)[name] += by
        new = _exact("torch", there, options, t)[2]
        return sum((bars[k] * out for k, out in zip("pmu", new, strict=True)), Fraction(0))

    for name in (*values, *h):
        difference = (moved(name, tiny) - moved(name, -tiny)) / (2 * tiny)
        if name in values:
            mine = pulled[name]
        else:
            mine = sum((pulled[c] * by_constant[c][NAMES.index(name)] for c in recipe.constants), Fraction(0))
        assert abs(mine - difference) < Fraction(1, 10**40), name
    state = State(t - 1, np.array([float(values["m"])]), np.array([float(values["u"])]))
    _, pull = vjp(np.array([float(values["p"])]), np.array([float(values["g"])]), state, numbers)
    p_bar, g_bar, state_bar, sums = pull(np.ones(1), State(None, np.array([-2 / 3]), np.array([1 / 7])))
    in_floats = {"p": p_bar, "g": g_bar, "m": state_bar.exp_avg, "u": state_bar.exp_inf}
    for name, found in in_floats.items():
        # Each share is formed by at most 12 operations from inputs that were rounded once; no share cancels here.
        assert abs(Fraction(float(found[0])) - pulled[name]) <= abs(pulled[name]) * 64 * Fraction(1, 2**53), name
    assert set(sums) == set(NAMES)


DIALECTS = [each for name in dialects.names() for each in (dialects.get(name), *dialects.get(name).variants.values())]


@pytest.mark.parametrize("t", [1, 4])
@pytest.mark.parametrize("law", DIALECTS, ids=str)
def test_the_slopes_of_every_dialect_are_those_of_its_exact_constants(law: Dialect, t: int) -> None:
    """With h = 10**-30 a central difference of rationals is off by h**2 of the third derivative: some 10**-54."""
    tiny = Fraction(1, 10**30)
    h = dict(zip(NAMES, map(Fraction, ("1/8", "3/4", "7/8", "1/1024", "1/16")), strict=True))
    made = law.constants(SimpleNamespace(**h, maximize=False), t, Unrounded())
    by_option = slopes(law, SimpleNamespace(**h, maximize=False), t, tuple(made), Fraction)  # type: ignore[arg-type]
    for at, option in enumerate(NAMES):
        up, down = ({**h, option: h[option] + sign * tiny} for sign in (1, -1))
        high, low = (law.constants(SimpleNamespace(**values, maximize=False), t, Unrounded()) for values in (up, down))
        for constant in made:
            difference = Fraction(high[constant] - low[constant]) / (2 * tiny)
            assert abs(by_option[constant][at] - difference) < Fraction(1, 10**40), (constant, option)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # dl4j looks whether a rate is finite
@pytest.mark.parametrize("law", DIALECTS, ids=str)
def test_autograd_passes_through_the_constants_of_every_dialect(law: Dialect, peer: Peer) -> None:
    """A derivative passes through at most eight conversions to binary32, each off by 2**-24."""
    torch = peer("torch")
    eps = 2.0**-10 if "eps" in law.options else 0.0
    numbers = Hyperparameters(lr=0.125, beta1=0.75, beta2=0.875, eps=eps)
    recipe = law.recipe(numbers, "f32" if "f32" in law.profiles else "f64")
    traced = [torch.tensor(getattr(numbers, name), dtype=torch.float64, requires_grad=True) for name in NAMES]
    options = {**dict(zip(NAMES, traced, strict=True)), "maximize": False}
    by_option = slopes(law, numbers, 4, recipe.constants)
    for name, constant in zip(recipe.constants, scalars(law, options, 4, recipe, torch.zeros(3)), strict=True):
        if constant.requires_grad:
            given = torch.autograd.grad(constant, traced, retain_graph=True, allow_unused=True)
            for mine, theirs in zip(by_option[name], given, strict=True):
                assert abs(mine - (0.0 if theirs is None else theirs.item())) <= abs(mine) * 2.0**-21, name
        else:
            assert not any(by_option[name]), name


def test_ties_give_half_to_each_side_and_zero_has_no_slope() -> None:
    h = Hyperparameters(lr=0.5, beta1=0.5, beta2=0.5, eps=0.0)
    state = State(1, np.array([1.0, 1.0]), np.array([2.0, 4.0]))
    _, pull = vjp(np.array([1.0, 1.0]), np.array([1.0, 0.0]), state, h)
    _, g_bar, state_bar, _ = pull(np.zeros(2), State(None, np.zeros(2), np.ones(2)))
    assert g_bar.tolist() == [0.5, 0.0]  # at the first element 0.5 * 2 == |1|, at the second |g| has slope 0
    assert state_bar.exp_inf.tolist() == [0.25, 0.5]


def test_a_parameter_without_gradient_passes_its_cotangents_on() -> None:
    params = {"a": np.ones(2), "b": np.ones(1)}
    _, pull = vjp(params, {"a": np.ones(2), "b": None}, init(params))
    p_bar, g_bar, _, _ = pull({"a": np.ones(2), "b": np.array([7.0])}, None)
    assert p_bar["b"].tolist() == [7.0]
    assert g_bar["b"] is None


def test_complex_arrays_have_no_product() -> None:
    p = np.ones(2, complex)
    with pytest.raises(TypeError, match="pass real and imaginary part"):
        vjp(p, p, init(p))


@pytest.mark.frameworks
def test_a_leaf_that_requires_a_gradient_is_refused_before_anything_moves(peer: Peer) -> None:
    torch = peer("torch")
    for optimizer in (torch.optim.Adamax, Adamax):
        p = torch.ones(2, requires_grad=True)
        p.grad = torch.ones(2)
        with pytest.raises(RuntimeError, match=r"a leaf Variable that requires grad is being used in an in-place operation."):
            optimizer([p], differentiable=True).step()
        assert p.tolist() == [1.0, 1.0]


@pytest.mark.frameworks
def test_foreach_and_differentiable_exclude_each_other_at_the_step(peer: Peer) -> None:
    torch = peer("torch")
    for optimizer in (torch.optim.Adamax, Adamax):
        p = torch.ones(2)
        p.grad = torch.ones(2)
        with pytest.raises(AssertionError, match="_foreach ops don't support autograd"):
            optimizer([p], differentiable=True, foreach=True).step()
