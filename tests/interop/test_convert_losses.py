"""What does not carry over, for every ordered pair of frameworks: each kind alone, and all of them on any state.

A kind is named exactly where the target's next step is none that the source's function permits in any order of roundings;
the proof is the certified range of that step, not what the frameworks declare.
"""

import copy
import math
import pickle
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from adamax_ref.dialects import get
from adamax_ref.exact.certify import Certified, certify
from adamax_ref.exact.trajectory import Step
from adamax_ref.frameworks import get as get_framework
from adamax_ref.frameworks import names as framework_names
from adamax_ref.frameworks.batteries import dtype_of
from adamax_ref.frameworks.model import follow
from adamax_ref.frameworks.protocol import Start
from adamax_ref.interop.convert import STATES, Converted, Kind, Loss, convert, jump, last_distinct_step
from adamax_ref.interop.convert.counting import counters
from adamax_ref.interop.convert.layout import layout_of
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES

Array = np.ndarray[Any, Any]
NAMES = tuple(STATES)
PAIRS = tuple((source, target) for source in NAMES for target in NAMES if source != target)
REAL = tuple(profile for profile in PROFILES if not PROFILES[profile].is_complex)
PLAIN = Hyperparameters(lr=0.1, eps=0.0)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # an example takes a second, so shrinking one takes minutes
every_source = pytest.mark.parametrize("source", NAMES)


def dtype(profile: str) -> Any:
    return {"c64": np.dtype(np.complex64), "c128": np.dtype(np.complex128)}.get(profile) or dtype_of(profile)


def arrays(profile: str) -> tuple[Array, Array, Array, Array]:
    """Return parameter, gradient, moment and norm of a run that goes well."""
    p, g, m, u = [1.0, -2.0, 0.5], [0.25, 0.0, -0.125], [0.5, -0.25, 1.0], [1.0, 0.75, 2.0]
    made = [np.array(values).astype(dtype(profile)) for values in (p, g, m, u)]
    return made[0], made[1], made[2], made[3]


def state_of(name: str, m: Array, u: Array, h: Hyperparameters, profile: str, t: int) -> dict[str, Any]:
    """Return a state as the framework holds it after so many steps."""
    layout = layout_of(name)
    return {layout.moment: m, layout.norm: u, **counters(name, layout, h, profile, t)}


def moved(source: str, target: str, h: Hyperparameters, profile: str = "f32", t: int = 3) -> Converted:
    _, _, m, u = arrays(profile)
    return convert(source, target, state_of(source, m, u, h, profile, t), h, t)


def kinds(made: Converted) -> set[Kind]:
    return {loss.kind for loss in made.losses}


def runs(name: str, h: Hyperparameters, profile: str) -> bool:
    """Tell whether a dialect has the type and the options."""
    try:
        get(name).check(h, profile)
    except ValueError:
        return False
    return True


def start_of(name: str, p: Array, state: Any, h: Hyperparameters, profile: str, t: int) -> Start:
    layout = layout_of(name)
    return Start(profile, h, p, state[layout.moment], state[layout.norm], t)


def is_step_of(source: str, start: Start, g: Array, target: str, elsewhere: Start) -> bool:
    """Tell whether the target's next step is one that the source's function permits.

    It is where it lies in the source's certified range. Where the target has roundings of its own (in 16 bits it may round
    every operation), it also is where both its step and the exact one of the source lie in the target's range. Numbers about
    which nothing can be said, such as 0/0, are left out.
    """
    with np.errstate(all="ignore"):
        after = follow(target, elsewhere, [g])
    step = {name: arrays[0].astype(np.float64).tolist() for name, arrays in zip("pmu", after, strict=True)}
    flushes = get(source).flushes or get(target).flushes
    ours = certified(source, start, g, flushes)
    if lies_in(step, ours):
        return True
    theirs = certified(target, elsewhere, g, flushes)
    return lies_in(step, theirs) and lies_in({name: getattr(ours, name).true for name in "pmu"}, theirs)


def lies_in(step: dict[str, list[float]], made: Certified) -> bool:
    return all(
        (name, at) in made.undecided or lo <= x <= hi or (lo != lo and x != x)
        for name, numbers in step.items()
        for at, (lo, hi, x) in enumerate(zip(getattr(made, name).lo, getattr(made, name).hi, numbers, strict=True))
    )


def certified(name: str, start: Start, g: Array, flushes: bool) -> Certified:
    """Return the range of a dialect's next step."""
    numbers = tuple(tuple(array.astype(np.float64).tolist()) for array in (start.p, start.m, start.u, g))
    t = min(start.t, 10**5)  # from there on 1-beta1**t is 1, for every beta1 here
    return _certified(name, start.profile, numbers, t, start.hyper, flushes)


@lru_cache(maxsize=64)
def _certified(
    source: str, profile: str, numbers: tuple[tuple[float, ...], ...], t: int, h: Hyperparameters, flushes: bool
) -> Certified:
    dialect = get(source)
    assert dialect.family is not None
    # However 1-beta1**t is formed, it is the same function.
    bias: Any = "none" if dialect.family.bias == "none" else "product"
    wide = replace(dialect, family=replace(dialect.family, bias=bias))
    p, m, u, g = numbers
    [made] = certify(wide, profile, p, m, u, t, [Step(g, h)], flush=flushes, undecided="mark")
    return made


def goes_on(source: str, target: str, h: Hyperparameters, profile: str = "f32", t: int = 3) -> bool:
    """Tell whether the target runs with these options and goes on with the source's function."""
    if not (runs(source, h, profile) and runs(target, h, profile)):
        return False
    p, g, m, u = arrays(profile)
    made = convert(source, target, state_of(source, m, u, h, profile, t), h, t)
    elsewhere = start_of(target, p, made.state, h, profile, made.step)
    return is_step_of(source, Start(profile, h, p, m, u, t), g, target, elsewhere)


def departing(kind: Kind, h: Hyperparameters, source: str, profile: str = "f32") -> dict[str, bool]:
    """Return for each target in which nothing but this kind is lost whether it is lost."""
    found = {}
    for target in NAMES:
        lost = kinds(moved(source, target, h, profile))
        if target != source and lost <= {kind, Kind.NAN}:
            found[target] = kind in lost
    return found


@every_source
@pytest.mark.parametrize("profile", PROFILES)
def test_a_type_is_lost_where_a_framework_does_not_compute_in_it(source: str, profile: str) -> None:
    for target in NAMES:
        lost = Kind.TYPE in kinds(moved(source, target, PLAIN, profile))
        both = runs(source, PLAIN, profile) and runs(target, PLAIN, profile)
        assert lost == (not both), target


@every_source
def test_maximize_is_lost_where_a_framework_has_none(source: str) -> None:
    h = replace(PLAIN, eps=1e-3, maximize=True)
    for target in NAMES:
        lost = [loss for loss in moved(source, target, h).losses if loss.kind is Kind.OPTION]
        lacking = {name for name in (source, target) if "maximize" not in get(name).options}
        assert {loss.partition(" ")[0] for loss in lost} == lacking


@every_source
def test_a_value_that_a_framework_refuses_is_an_option_lost(source: str) -> None:
    refused = {"mindspore": {"beta1", "beta2", "eps"}, "mindspore/experimental": {"lr", "eps"}}
    h = Hyperparameters(lr=0.0, beta1=0.0, beta2=0.0, eps=0.0)
    for target in NAMES:
        lost = [str(loss) for loss in moved(source, target, h, t=0).losses if loss.kind is Kind.OPTION]
        wanted = {
            f"{name} refuses {option}=0.0: it must be above 0" for name in {source, target} for option in refused.get(name, ())
        }
        assert set(lost) == wanted


@every_source
def test_a_bias_is_lost_where_the_next_step_has_another_length(source: str) -> None:
    found = departing(Kind.BIAS, PLAIN, source)
    assert found == {target: not goes_on(source, target, PLAIN) for target in found}


@every_source
def test_decay_is_lost_where_it_means_something_else(source: str) -> None:
    h = replace(PLAIN, eps=2.0**-10, weight_decay=0.5)
    found = departing(Kind.DECAY, h, source)
    by_name = "mindspore"  # decays by the parameter's name, which its dialect does not see and a single state does not say
    wanted = {target: by_name in (source, target) or not goes_on(source, target, h) for target in found}
    assert found == wanted


@every_source
def test_epsilon_is_lost_where_the_divisor_differs(source: str) -> None:
    h = replace(PLAIN, eps=0.25)
    found = departing(Kind.EPSILON, h, source)
    assert found == {target: not goes_on(source, target, h) for target in found}


@every_source
def test_a_nan_is_lost_where_it_leaves_another_trace(source: str) -> None:
    for target in NAMES:
        lost = Kind.NAN in kinds(moved(source, target, PLAIN))
        assert lost == (traces(source) != traces(target)), target


@lru_cache(maxsize=64)
def traces(name: str) -> tuple[bool, ...]:
    """Tell after which step the norm is NaN: after a NaN gradient and two finite ones, and beside an infinite parameter."""
    one = np.ones(1, np.float32)
    with np.errstate(all="ignore"):
        after_nan = follow(name, Start("f32", PLAIN, one, one, one, 3), [one * np.nan, one, 2 * one]).u
        beside_infinity = follow(name, Start("f32", PLAIN, one * np.inf, one, one, 3), [one]).u
    return tuple(bool(np.isnan(u[0])) for u in (*after_nan, *beside_infinity))


@every_source
def test_precision_is_lost_where_a_float64_run_goes_on_with_fewer_bits(source: str) -> None:
    h = Hyperparameters(lr=0.3, beta1=0.7, beta2=0.6, eps=0.0)
    found = departing(Kind.PRECISION, h, source, "f64")
    departs = {name for name in framework_names() if "f64" in get_framework(name).departs}
    p, g, m, u = arrays("f64")
    for target, lost in found.items():
        # The roundings of float64 are below 2**-50 here, and one of float32 is above 2**-35.
        far = jump(source, target, Start("f64", h, p, m, u, 3), g).size > 2.0**-40
        assert lost == (far or bool({source, target} & departs)), target


@every_source
def test_a_scalar_that_vanishes_in_one_type_only_is_lost(source: str) -> None:
    h = replace(PLAIN, lr=2.0**-30)
    for target in NAMES:
        if "torch/capturable" in (source, target):
            continue  # its divisor, which holds the learning rate, overflows here instead
        if source != target and runs(source, h, "f16") and runs(target, h, "f16"):
            lost = any("vanish" in loss for loss in moved(source, target, h, "f16").losses)
            assert lost == (stays(source, h) != stays(target, h)), target


def stays(name: str, h: Hyperparameters) -> bool:
    """Tell whether a parameter near 0 stays where it is in float16."""
    zero, one = np.zeros(1, np.float16), np.ones(1, np.float16)
    tiny = np.full(1, 2.0**-10, np.float16)  # so that the quotient is large
    return bool(follow(name, Start("f16", h, zero, one, tiny, 3), [zero]).p[0][0] == 0)


@every_source
def test_subnormal_numbers_are_lost_where_they_become_zero(source: str) -> None:
    m = np.array([1e-40, 1.0], np.float32)
    u = np.array([1.0, 1e-41], np.float32)
    zero = np.zeros(2, np.float32)
    for target in NAMES:
        lost = Kind.SUBNORMAL in kinds(convert(source, target, state_of(source, m, u, PLAIN, "f32", 3), PLAIN))
        after = follow(target, Start("f32", PLAIN, zero, m, u, 3), [zero])
        flushed = after.m[0][0] == 0
        assert lost == (flushed or layout_of(target).flushes_at_first), target
        fine = convert(source, target, state_of(source, zero + 1, zero + 1, PLAIN, "f32", 3), PLAIN)
        assert Kind.SUBNORMAL not in kinds(fine)


@every_source
@pytest.mark.parametrize("profile", ["f32", "f64"])
def test_a_counter_is_lost_where_the_way_back_does_not_determine_it(source: str, profile: str) -> None:
    last = last_distinct_step("paddle", PLAIN.beta1, profile)
    for t in (0, last, last + 1, 100_000):
        for target in NAMES:
            made = moved(source, target, PLAIN, profile, t)
            try:
                back = convert(target, source, made.state, PLAIN).step
            except ValueError as error:
                assert "pass step=" in str(error)
                back = -1
            assert (Kind.COUNTER in kinds(made)) == (back != t), (target, t)
            assert convert(target, source, made.state, PLAIN, step=t).step == t


halves = st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.75])
betas = st.one_of(halves, st.floats(2.0**-20, 0.9921875))
steps = st.one_of(
    st.sampled_from([0, 1, 2, 961, 962, 963, 7048, 7049, 2**24 - 1, 2**24, 2**31 - 2, 2**31 - 1, 2**62]), st.integers(0, 5000)
)


@st.composite
def options(draw: st.DrawFn) -> Hyperparameters:
    return Hyperparameters(
        lr=draw(st.sampled_from([1e-3, 0.1, 0.25, 1e-9])),
        beta1=draw(betas),
        beta2=draw(betas),
        eps=draw(st.sampled_from([0.0, 0.0, 1e-8, 1e-3, 0.5, 1e-40])),
        weight_decay=draw(st.sampled_from([0.0, 0.0, 0.01, 0.5])),
        maximize=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def numbers(draw: st.DrawFn, profile: str) -> tuple[Array, Array, Array, Array]:
    """Return parameter, gradient, moment and norm of a profile, special numbers among them."""
    size = draw(st.integers(1, 3))
    form = PROFILES[profile].storage
    specials = [0.0, -0.0, 1.0, math.inf, math.nan, form.smallest, form.smallest_normal, form.largest, -form.smallest, -math.inf]
    usual = st.floats(-8.0, 8.0, width=16)

    def array(positive: bool = False) -> Array:
        values = draw(st.lists(usual | st.sampled_from(specials), min_size=2 * size, max_size=2 * size))
        made = np.array([abs(value) if positive else value for value in values])
        if PROFILES[profile].is_complex:
            return made.view(np.complex128).astype(dtype(profile))
        return made[:size].astype(dtype(profile))

    with np.errstate(all="ignore"):
        return array(), array(), array(), array(positive=True)


def bits(array: Array) -> bytes:
    """Return the bits of an array, with one pattern for all NaN."""
    if array.dtype.kind in "iu":
        return array.tobytes()
    parts = np.ascontiguousarray(array)
    real = parts.view(parts.real.dtype) if np.iscomplexobj(parts) else parts
    return np.where(np.isnan(real), np.array(np.nan, real.dtype), real).tobytes()


@every_source
@given(data=st.data(), h=options(), profile=st.sampled_from(list(PROFILES)), t=steps)
@settings(max_examples=2, deadline=None, phases=PHASES)
def test_what_is_not_named_comes_back_and_goes_on(
    source: str, data: st.DataObject, h: Hyperparameters, profile: str, t: int
) -> None:
    p, g, m, u = data.draw(numbers(profile))
    layout = layout_of(source)
    if layout.count is not None and t > layout.count.last:
        with pytest.raises(ValueError, match="is beyond"):
            state_of(source, m, u, h, profile, t)
        t = layout.count.last
    state = state_of(source, m, u, h, profile, t)
    for target in NAMES:
        theirs = layout_of(target)
        if theirs.count is not None and t > theirs.count.last:
            with pytest.raises(ValueError, match=f"step={t} is beyond {theirs.count.name} of {target}"):
                convert(source, target, state, h, step=t)
            continue
        made = convert(source, target, state, h, step=t)
        assert (made.step, bits(made.state[theirs.moment])) == (t, bits(m))
        comes_back(source, target, made, state, h, profile)
        start = Start(profile, h, p, m, u, t)
        both = runs(source, h, profile) and runs(target, h, profile)
        if not made.losses and both and profile in REAL and is_step_of(source, start, g, source, start):
            elsewhere = start_of(target, p, made.state, h, profile, t)
            assert is_step_of(source, start, g, target, elsewhere), target


SYMMETRIC = set(Kind) - {Kind.COUNTER, Kind.SUBNORMAL}
"""Kinds that are lost on the way back as well."""


def comes_back(source: str, target: str, made: Converted, state: dict[str, Any], h: Hyperparameters, profile: str) -> None:
    """Hold the way back to what the way there named."""
    lost = kinds(made)
    back = convert(target, source, made.state, h, step=made.step if Kind.COUNTER in lost else None)
    assert kinds(back) & SYMMETRIC == lost & SYMMETRIC
    for name, value in state.items():
        if name != layout_of(source).norm or Kind.EPSILON not in lost:
            assert bits(np.asarray(back.state[name])) == bits(np.asarray(value)), name


def test_a_loss_is_a_sentence_with_a_kind() -> None:
    [loss] = moved("torch", "tensorflow", replace(PLAIN, maximize=True)).losses[:1]
    assert loss.kind is Kind.OPTION and loss == "tensorflow has no maximize: it descends unless the gradients are negated"
    for twin in (copy.copy(loss), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert isinstance(twin, Loss) and (twin, twin.kind) == (loss, loss.kind)


def test_every_framework_with_a_state_is_a_dialect_that_declares_what_is_compared() -> None:
    for name in NAMES:
        dialect = get(name)
        assert dialect.family is not None
        assert (dialect.family.eps == "none") == ("eps" not in dialect.options)
        assert (dialect.family.decay == "none") == (not dialect.options & {"l2", "decoupled"})


def test_every_live_framework_has_a_state() -> None:
    assert all(layout_of(name) for name in framework_names())
