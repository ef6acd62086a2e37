"""Certified trajectories: nothing permitted lies outside, what is wrong does, and every class has an answer."""

import math
import random
from dataclasses import replace
from fractions import Fraction

import pytest

from adamax_ref.dialects import get, names
from adamax_ref.exact.certify import Certified, Quantity, Step, certify
from adamax_ref.exact.constants import exact_hyper
from adamax_ref.exact.stepper import run
from adamax_ref.exact.trajectory import true_steps
from adamax_ref.exact.values import Undecidable
from adamax_ref.orders.axes import cover, permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY16, BINARY32, BINARY64, PROFILES

REAL = [(name, profile) for name in names() for profile in get(name).profiles if profile in ("f64", "f32", "f16", "bf16")]
H = Hyperparameters()


def sample(dialect: Dialect, draw: random.Random) -> Hyperparameters:
    eps = draw.choice((2.0**-10, 2.0**-4)) if "eps" in dialect.options else 0.0
    decay = draw.choice((0.0, 0.01)) if dialect.options & {"l2", "decoupled"} else 0.0
    h = Hyperparameters(draw.choice((0.002, 0.1, 0.25)), draw.choice((0.9, 0.5, 0.3)), draw.choice((0.999, 0.9)), eps, decay)
    return single(h)  # some frameworks pass hyperparameters through binary32 in every profile


def single(h: Hyperparameters) -> Hyperparameters:
    lr, beta1, beta2, eps, decay = map(BINARY32.round, (h.lr, *h.betas, h.eps, h.weight_decay))
    return Hyperparameters(lr, beta1, beta2, eps, decay, h.maximize)


def outside(certified: list[Certified], one: Dialect, profile: str, p: list[float], steps: list[Step]) -> list[str]:
    """Where a recipe, run from zero state, leaves the bounds."""
    found = []
    for element, start in enumerate(p):
        state = (start, 0.0, 0.0)
        for t, (step, now) in enumerate(zip(steps, certified, strict=True), 1):
            recipe = one.recipe(step.hyper, profile)
            grad = (step.grad or ())[element]
            state = run(recipe, state[0], grad, state[1], state[2], one.scalars(exact_hyper(step.hyper), t, recipe))
            for name, x in zip("pmu", state, strict=True):
                allowed: Quantity = getattr(now, name)
                if not allowed.lo[element] <= x <= allowed.hi[element]:
                    found.append(
                        f"{one.name}: {name}[{element}] at step {t} is {x!r}, {allowed.lo[element]!r} to {allowed.hi[element]!r}"
                    )
    return found


@pytest.mark.parametrize(("name", "profile"), REAL)
def test_every_permitted_recipe_stays_inside_its_bounds(name: str, profile: str) -> None:
    dialect, draw = get(name), random.Random(f"{name} {profile}")
    fmt = PROFILES[profile].storage
    h = sample(dialect, draw)
    p = [fmt.round(draw.gauss(0, 1)) for _ in range(3)]
    steps = [Step([fmt.round(draw.gauss(0, 1) * 10 ** draw.uniform(-1, 1)) for _ in p], h) for _ in range(5)]
    certified = certify(dialect, profile, p, [0.0] * 3, [0.0] * 3, 0, steps)
    every = cover if PROFILES[profile].storage.width == 16 else permitted
    for one in (dialect, *draw.sample(every(dialect, profile, h.weight_decay != 0), 12 if dialect.family else 1)):
        if not one.flushes:
            assert outside(certified, one, profile, p, steps) == []


@pytest.mark.parametrize("name", ["torch", "paper", "keras", "optax", "mlx"])
def test_other_hyperparameters_leave_the_bounds(name: str) -> None:
    dialect = get(name)
    h = replace(dialect.defaults, lr=0.25, beta1=0.75, eps=2.0**-4 if "eps" in dialect.options else 0.0, weight_decay=0.0)
    steps = [Step([1.0], h), Step([-0.5], h)]
    certified = certify(dialect, "f32", [1.0], [0.0], [0.0], 0, steps)
    for wrong in (replace(h, lr=0.2501), replace(h, beta1=0.751), replace(h, beta2=0.99)):
        others = [Step(step.grad, wrong) for step in steps]
        assert outside(certified, dialect, "f32", [1.0], others), wrong


def test_the_worked_example_of_the_specification() -> None:
    p, first, second = "3f800000 bf000000", "3f800000 be800000", "3e000000 00000000"
    numbers = [[BINARY32.decode(int(word, 16)) for word in row.split()] for row in (p, first, second)]
    zeros = [0.0, 0.0]
    one, two = certify(get("torch"), "f32", numbers[0], zeros, zeros, 0, [Step(numbers[1], H), Step(numbers[2], H)])
    assert [words(part) for part in (one.p.true, one.p.lo, one.p.hi)] == [
        "3f7f7cee befef9db",
        "3f7f7ced befef9dc",
        "3f7f7cee befef9db",
    ]
    assert [words(part) for part in (one.m.true, one.m.lo, one.m.hi)] == [
        "3dcccccd bccccccd",
        "3dccccc9 bcccccd0",
        "3dccccd0 bcccccc9",
    ]
    assert [words(part) for part in (two.p.true, two.p.lo, two.p.hi)] == [
        "3f7f3626 befe7d8f",
        "3f7f3624 befe7d90",
        "3f7f3627 befe7d8d",
    ]
    assert [words(part) for part in (two.m.true, two.m.lo, two.m.hi)] == [
        "3dd1eb85 bcb851ec",
        "3dd1eb80 bcb851f0",
        "3dd1eb8a bcb851e7",
    ]
    assert [words(part) for part in (two.u.true, two.u.lo, two.u.hi)] == [
        "3f7fbe77 3e7fbe77",
        "3f7fbe75 3e7fbe76",
        "3f7fbe79 3e7fbe79",
    ]


def words(numbers: list[float]) -> str:
    return " ".join(f"{BINARY32.encode(x):08x}" for x in numbers)


def test_exact_numbers_have_a_zero_bound() -> None:
    h = Hyperparameters(lr=0.5, beta1=0.5, beta2=0.5, eps=0.25)
    [now] = certify(get("torch"), "bf16", [1.0], [0.0], [0.0], 0, [Step([1.75], h)])
    assert (now.m.bound, now.u.bound) == ([0.0], [0.0])
    assert (now.m.lo, now.m.hi, now.u.lo, now.u.hi) == ([0.875], [0.875], [2.0], [2.0])


def test_true_is_the_exact_value_rounded_once_and_lies_inside() -> None:
    draw = random.Random(5)
    p = [BINARY32.round(draw.gauss(0, 1)) for _ in range(5)]
    steps = [Step([BINARY32.round(draw.gauss(0, 1)) for _ in p], H) for _ in range(12)]
    certified = certify(get("torch"), "f32", p, [0.0] * 5, [0.0] * 5, 0, steps)
    wanted = true_steps(get("torch"), "f32", {"p": p, "m": [0.0] * 5, "u": [0.0] * 5}, 0, steps)
    for now, want in zip(certified, wanted, strict=True):
        for name in "pmu":
            quantity: Quantity = getattr(now, name)
            assert quantity.true == want[name]
            assert all(lo <= x <= hi for lo, x, hi in zip(quantity.lo, quantity.true, quantity.hi, strict=True))


def test_bounds_of_a_contraction_do_not_grow_for_ever() -> None:
    steps = [Step([BINARY64.round(math.sin(at))], H) for at in range(120)]
    certified = certify(get("torch"), "f64", [1.0], [0.0], [0.0], 0, steps)
    assert certified[-1].m.bound[0] < 10 * 2.0**-53


def test_a_skipped_step_changes_nothing_and_does_not_count() -> None:
    with_skip = certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([1.0], H), Step(None, H), Step([0.5], H)])
    without = certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([1.0], H), Step([0.5], H)])
    assert [now.t for now in with_skip] == [1, 1, 2]
    assert with_skip[1] is with_skip[0]
    assert with_skip[2].p.lo == without[1].p.lo
    assert certify(get("torch"), "f32", [], [], [], 4, [Step([], H)])[0].t == 5


@pytest.mark.parametrize("grad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_gives_a_class_with_bound_zero(grad: float) -> None:
    [now] = certify(get("torch"), "f32", [1.0, 1.0], [0.0, 0.0], [0.0, 0.0], 0, [Step([grad, 1.0], H)])
    assert math.isnan(now.p.true[0]) and math.isnan(now.p.lo[0]) and now.p.bound[0] == 0
    assert repr(now.m.true[0]) == repr(grad)
    assert repr(now.u.hi[0]) == repr(abs(grad))
    assert now.p.true[1] == 0.9980000257492065  # the neighbour is not touched


def test_zero_over_zero_is_nan_in_the_paper_and_no_move_where_there_is_an_epsilon() -> None:
    [now] = certify(get("paper"), "f32", [1.0], [0.0], [0.0], 0, [Step([0.0], replace(H, eps=0.0))])
    assert math.isnan(now.p.true[0]) and now.m.true == now.u.true == [0.0]
    [now] = certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([0.0], H)])
    assert now.p.true == now.p.lo == now.p.hi == [1.0]


def test_a_number_over_zero_is_infinite() -> None:
    [now] = certify(get("paper"), "f32", [1.0], [1.0], [0.0], 3, [Step([0.0], replace(H, eps=0.0))])
    assert now.p.true == now.p.lo == now.p.hi == [-math.inf]


def test_a_parameter_that_outgrows_its_format_is_infinite_and_stays_so() -> None:
    h = Hyperparameters(lr=1e38, beta1=0.5)
    steps = [Step([-1.0], h)] * 6
    certified = certify(get("torch"), "f32", [BINARY32.largest], [0.0], [0.0], 0, steps)
    assert [now.p.true for now in certified] == [[math.inf]] * 6
    assert certified[0].p.lo == certified[0].p.hi == [math.inf]


def test_near_the_end_of_the_range_infinity_is_allowed_but_not_demanded() -> None:
    h = Hyperparameters(lr=2.0**103, beta1=0.5, eps=0.0)
    [now] = certify(get("torch"), "f32", [BINARY32.largest], [0.0], [0.0], 0, [Step([-1.0], h)])
    assert now.p.lo == [BINARY32.largest]
    assert now.p.hi == [math.inf]


def test_what_has_no_answer_raises_or_is_marked() -> None:
    """In float16 torch's epsilon becomes 0, so that 0/0 stands where the function has 0."""
    steps = [Step([0.0], H), Step([1.0], H)]
    with pytest.raises(Undecidable, match=r"step 1: p\[0\] has no certain value in profile f16.*eps=1e-08"):
        certify(get("torch"), "f16", [1.0], [0.0], [0.0], 0, steps)
    marked = certify(get("torch"), "f16", [1.0], [0.0], [0.0], 0, steps, undecided="mark")
    assert marked[0].undecided == (("p", 0),)
    assert (marked[0].p.lo, marked[0].p.hi, marked[0].p.bound) == ([-math.inf], [math.inf], [math.inf])
    assert ("p", 0) in marked[1].undecided
    kind = certify(get("torch"), "f16", [1.0], [0.0], [0.0], 0, steps[:1], opmath=True)
    assert kind[0].p.true == kind[0].p.lo == kind[0].p.hi == [1.0]


def test_an_intermediate_result_that_overflows_the_storage_type_leaves_no_answer() -> None:
    """Optax stores the direction m/d in float16 before it multiplies by the learning rate: -27264/0.065 becomes infinite."""
    h, optax = replace(H, lr=BINARY32.round(0.05), eps=0.0), get("optax")
    given = [-0.051300048828125], [-27264.0], [0.06500244140625]
    recipe = optax.recipe(h, "f16")
    p, _, _ = run(recipe, given[0][0], 0.0, given[1][0], given[2][0], optax.scalars(exact_hyper(h), 10, recipe))
    assert p == math.inf
    with pytest.raises(Undecidable, match=r"step 10: p\[0\]"):
        certify(optax, "f16", *given, 9, [Step([0.0], h)])
    assert certify(optax, "f32", *given, 9, [Step([0.0], h)])[0].p.hi[0] < BINARY16.largest


def test_recipes_that_disagree_on_the_class_leave_no_answer() -> None:
    """From the other end inf - (inf - m)(1 - w) is NaN, while two products give inf."""
    with pytest.raises(Undecidable, match=r"p\[0\]|m\[0\]"):
        certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([math.inf], replace(H, beta1=0.25))])


def test_flushing_subnormal_numbers_widens_the_bound_only_there() -> None:
    h = Hyperparameters(lr=0.25, beta1=0.5, eps=0.0)
    tiny = BINARY32.smallest * 3
    steps = [Step([tiny, 1.0], h)]
    keep = certify(get("torch"), "f32", [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], 0, steps)[0]
    flush = certify(get("torch"), "f32", [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], 0, steps, flush=True)[0]
    assert not keep.m.lo[0] <= 0.0 <= keep.m.hi[0]
    assert flush.m.lo[0] <= 0.0 <= flush.m.hi[0]
    assert flush.m.bound[1] == keep.m.bound[1]


def test_wrong_input_is_refused_with_name_and_remedy() -> None:
    with pytest.raises(ValueError, match=r"m must have as many entries as p, 1, not 2"):
        certify(get("torch"), "f32", [1.0], [0.0, 0.0], [0.0], 0, [])
    with pytest.raises(ValueError, match=r"steps\[0\].grad\[0\] must be a number of binary32, not 0.1; round it first"):
        certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([0.1], H)])
    with pytest.raises(ValueError, match=r"steps\[0\].hyper must be finite"):
        certify(get("torch"), "f32", [1.0], [0.0], [0.0], 0, [Step([1.0], Hyperparameters(lr=math.inf))])


def test_a_long_trajectory_stays_decided_and_tight() -> None:
    draw = random.Random(9)
    h = Hyperparameters(weight_decay=0.01)
    steps = [Step([BINARY64.round(draw.gauss(0, 1)), 0.0], replace(h, lr=0.01 / (1 + at / 100))) for at in range(150)]
    last = certify(get("torch"), "f64", [1.0, -2.0], [0.0, 0.0], [0.0, 0.0], 0, steps)[-1]
    for x, bound in zip(last.p.exact, last.p.bound, strict=True):
        low, high = x.ends
        assert high - low < Fraction(1, 2**150)
        assert bound < 150 * 20 * 2.0**-52  # some twenty roundings a step, of numbers of about 1
