"""Laws that hold between runs of the oracle, whatever the numbers: scale, sign, order, division, resumption."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.dialects import get
from adamax_ref.golden.oracle import Rule, State, canonical, keeping, step
from adamax_ref.law.hyper import Hyperparameters

LAWS = st.sampled_from(["torch", "paper", "keras", "optax", "paddle", "mlx"])
DYADIC = st.integers(-(2**20), 2**20).map(lambda n: n / 2**12)
BARE = Hyperparameters(lr=0.0625, beta1=0.75, beta2=0.875, eps=0.0)
Grads = list[list[float]]


@st.composite
def runs(draw: st.DrawFn) -> tuple[Rule, list[float], Grads]:
    """Draw a law, a parameter of some elements and gradients of some steps."""
    width = draw(st.integers(1, 4))
    vector = st.lists(DYADIC, min_size=width, max_size=width)
    return canonical(keeping(get(draw(LAWS))), "f32"), draw(vector), draw(st.lists(vector, min_size=1, max_size=4))


def begin(theta: Sequence[float]) -> State:
    """Return the state before the first step."""
    zeros = (0.0,) * len(theta)
    return State(0, tuple(theta), zeros, zeros)


def follow(rule: Rule, state: State, grads: Grads, h: Hyperparameters = BARE) -> State:
    """Carry a state through gradients."""
    for grad in grads:
        state = step(rule, state, grad, h)
    return state


def text(*columns: Sequence[float]) -> list[list[str]]:
    """Return numbers as text, in which any NaN is like any other and zeros keep their sign."""
    return [[value.hex() if value == value else "nan" for value in column] for column in columns]


@settings(deadline=None, max_examples=60)
@given(runs(), st.integers(-40, 40))
def test_without_epsilon_a_power_of_two_in_the_gradient_leaves_the_parameter_as_it_is(
    run: tuple[Rule, list[float], Grads], power: int
) -> None:
    rule, theta, grads = run
    plain = follow(rule, begin(theta), grads)
    scaled = follow(rule, begin(theta), [[g * 2.0**power for g in grad] for grad in grads])
    assert text(plain.theta) == text(scaled.theta)
    assert text([m * 2.0**power for m in plain.m], [u * 2.0**power for u in plain.u]) == text(scaled.m, scaled.u)


@settings(deadline=None, max_examples=60)
@given(runs())
def test_turning_every_sign_turns_parameter_and_moment_and_leaves_the_norm(run: tuple[Rule, list[float], Grads]) -> None:
    rule, theta, grads = run
    plain = follow(rule, begin(theta), grads)
    turned = follow(rule, begin([-p for p in theta]), [[-g for g in grad] for grad in grads])
    assert [abs(p) for p in plain.theta if p == p] == [abs(p) for p in turned.theta if p == p]
    assert all(p == -q for p, q in zip(plain.theta, turned.theta, strict=True) if p == p)
    assert all(m == -n for m, n in zip(plain.m, turned.m, strict=True))
    assert text(plain.u) == text(turned.u)


@settings(deadline=None, max_examples=60)
@given(runs(), st.randoms(use_true_random=False))
def test_elements_do_not_know_their_neighbours(run: tuple[Rule, list[float], Grads], random: object) -> None:
    """Permuted, and split into single elements, every element gets what it got before."""
    rule, theta, grads = run
    whole = follow(rule, begin(theta), grads)
    order = list(range(len(theta)))
    getattr(random, "shuffle")(order)  # noqa: B009 - a strategy's random object has no type of its own
    moved = follow(rule, begin([theta[at] for at in order]), [[grad[at] for at in order] for grad in grads])
    assert text([whole.theta[at] for at in order]) == text(moved.theta)
    for at in range(len(theta)):
        alone = follow(rule, begin([theta[at]]), [[grad[at]] for grad in grads])
        assert text(alone.theta, alone.m, alone.u) == text(whole.theta[at : at + 1], whole.m[at : at + 1], whole.u[at : at + 1])


@settings(deadline=None, max_examples=60)
@given(runs(), st.integers(0, 4))
def test_a_run_that_stops_anywhere_and_goes_on_is_the_same_run(run: tuple[Rule, list[float], Grads], stop: int) -> None:
    rule, theta, grads = run
    first = follow(rule, begin(theta), grads[:stop])
    resumed = follow(rule, State(first.t, tuple(first.theta), tuple(first.m), tuple(first.u)), grads[stop:])
    whole = follow(rule, begin(theta), grads)
    assert resumed.t == whole.t
    assert text(resumed.theta, resumed.m, resumed.u) == text(whole.theta, whole.m, whole.u)


def test_the_laws_can_fail_with_epsilon_the_scale_matters() -> None:
    rule, h = canonical(get("torch"), "f32"), Hyperparameters(lr=0.0625, beta1=0.75, beta2=0.875, eps=0.25)
    one, two = (follow(rule, begin([1.0]), [[scale]], h) for scale in (1.0, 0.5))
    assert one.theta != two.theta
