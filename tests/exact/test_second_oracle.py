"""Two oracles with different arithmetic agree, and the comparison notices when they do not."""

import math
from dataclasses import replace

import pytest

from adamax_ref.dialects import get, names
from adamax_ref.exact import trajectory
from adamax_ref.exact.interval import Interval
from adamax_ref.exact.second_oracle import arb_steps, disagreements
from adamax_ref.exact.trajectory import Step, exact_steps, rounded, true_steps
from adamax_ref.golden.case import Case, Expectation
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY32, BINARY64, PROFILES


def test_both_oracles_agree_on_random_steps_of_all_dialects_and_profiles() -> None:
    done, found = disagreements(6_000, seed=11)
    assert done >= 6_000
    assert found == []


def test_an_oracle_that_is_off_by_one_unit_in_one_place_is_noticed() -> None:
    def wrong(*args: object) -> list[dict[str, list[float]]]:
        made = true_steps(*args)  # type: ignore[arg-type]
        made[0]["p"][0] = made[0]["p"][0] * 1.5 + 1
        return made

    _, found = disagreements(100, seed=11, first=wrong)
    assert {one.quantity for one in found} == {"p"}


@pytest.mark.parametrize("name", ["torch", "keras", "optax", "paddle", "mlx"])
def test_both_oracles_agree_along_a_trajectory(name: str) -> None:
    dialect = get(name)
    h = Hyperparameters(lr=0.01, beta1=0.75, beta2=0.96875, eps=2.0**-10)
    steps = [Step([1.0 / (at + 1), -(2.0**-at), 0.0, 3.0], h) for at in range(10)]
    steps = [Step([BINARY32.round(x) for x in step.grad or ()], step.hyper) for step in steps]
    steps.insert(4, Step(None, h))
    given = {"p": [1.0, -2.0, 0.5, 0.0], "m": [0.0, 0.0, 0.25, 0.0], "u": [0.0, 0.0, 1.0, 0.0]}
    assert true_steps(dialect, "f32", given, 0, steps) == arb_steps(dialect, "f32", given, 0, steps)


def scheduled(dialect: Dialect, count: int) -> list[Step]:
    """Return steps with a falling learning rate, and with decay that sets in half-way where there is any."""
    decay = 0.01 if dialect.options & {"l2", "decoupled"} else 0.0
    h = Hyperparameters(lr=0.05, eps=1e-8 if "eps" in dialect.options else 0.0)
    grads = [[math.ldexp((3 * at % 17) - 8.5, -3)] for at in range(count)]
    return [
        Step(grad, replace(h, lr=0.05 / (1 + at / 1000), weight_decay=decay if at > count // 2 else 0.0))
        for at, grad in enumerate(grads)
    ]


def test_ten_thousand_steps_with_a_schedule_and_decay_stay_enclosed_and_both_oracles_agree_on_each() -> None:
    torch, given = get("torch"), {"p": [1.0], "m": [0.0], "u": [0.0]}
    steps = scheduled(torch, 10_000)
    mine = [{name: x for name, [x] in state.items()} for state in exact_steps(torch, "f64", given, 0, steps)]
    low, high = mine[-1]["p"].ends
    assert 0 < high - low < 2.0**-200
    theirs = arb_steps(torch, "f64", given, 0, steps)
    assert [{name: [rounded(x, BINARY64)] for name, x in state.items()} for state in mine] == theirs


@pytest.mark.parametrize("name", names())
def test_a_schedule_and_decay_are_followed_alike_in_every_dialect(name: str) -> None:
    dialect, given = get(name), {"p": [1.0], "m": [0.0], "u": [0.0]}
    profile = "f32" if "f32" in dialect.profiles else dialect.profiles[0]
    steps = scheduled(dialect, 100)
    assert true_steps(dialect, profile, given, 0, steps) == arb_steps(dialect, profile, given, 0, steps)


def test_an_exact_tie_is_settled_by_fractions_in_both_oracles() -> None:
    h = Hyperparameters(lr=2.0**-25, beta1=0.9, eps=0.0)  # the update is exactly lr: half a unit of 1 - 2**-24
    given = {"p": [1.0 - 2.0**-24, 1.0], "m": [0.0, 0.0], "u": [0.0, 0.0]}
    steps = [Step([0.3125, 0.3125], h)]
    wanted = [{"p": [1.0 - 2.0**-23, 1.0], "m": [0.03125, 0.03125], "u": [0.3125, 0.3125]}]
    assert true_steps(get("paper"), "f32", given, 0, steps) == wanted
    assert arb_steps(get("paper"), "f32", given, 0, steps) == wanted


def test_a_tie_too_late_for_fractions_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trajectory, "MOST_EXACT_STEPS", 0)
    h = Hyperparameters(lr=2.0**-25, beta1=0.9, eps=0.0)
    given = {"p": [1.0 - 2.0**-24], "m": [0.0], "u": [0.0]}
    with pytest.raises(ArithmeticError, match="do not decide its rounding"):
        true_steps(get("paper"), "f32", given, 0, [Step([0.3125], h)])


def test_intervals_enclose_and_points_stay_points() -> None:
    third = Interval.of(1) / 3
    assert third.ends[0] < third.ends[1]
    low, high = (third * 3).ends
    assert low <= 1 <= high
    assert (Interval.of(3.0) / 4.0).is_point
    assert list(abs(Interval(-2, 1, 0)).ends) == [0, 2]
    with pytest.raises(ZeroDivisionError):
        Interval.of(1.0) / Interval(-1, 1, 0)


def test_both_oracles_and_the_shipped_corpus_agree_on_every_core_case() -> None:
    corpus, compared = open_corpus(), 0
    for entry in corpus.manifest.files:
        for case in corpus.file(entry).cases if entry.level == "core" else ():
            if case.result == "value" and case.expect:
                compared += _agreed(case, case.expect, get(entry.dialect), entry.profile)
    assert compared > 10_000


def _agreed(case: Case, expect: tuple[Expectation, ...], dialect: Dialect, profile: str) -> int:
    """Compare the elements of a case that stay finite; return how many numbers were compared."""
    fmt = PROFILES[profile].storage
    columns = [decode(text, fmt) for text in (case.init.theta, case.init.m, case.init.u)]
    steps = [Step(None if each.grad is None else decode(each.grad, fmt), case.hyper.at(each)) for each in case.steps]
    wanted = [{name: decode(getattr(one, name).true, fmt) for name in ("theta", "m", "u")} for one in expect]
    numbers = [*columns, *(step.grad for step in steps if step.grad), *(column for one in wanted for column in one.values())]
    finite = [at for at in range(len(columns[0])) if all(math.isfinite(column[at]) for column in numbers)]
    given = {name: [column[at] for at in finite] for name, column in zip("pmu", columns, strict=True)}
    kept = [Step(None if step.grad is None else [step.grad[at] for at in finite], step.hyper) for step in steps]
    mine = true_steps(dialect, profile, given, case.init.t, kept)
    theirs = arb_steps(dialect, profile, given, case.init.t, kept)
    assert mine == theirs, case.id
    for one, want in zip(expect, wanted, strict=True):
        for name, key in (("p", "theta"), ("m", "m"), ("u", "u")):
            assert mine[one.step - 1][name] == [want[key][at] for at in finite], case.id
    return 3 * len(finite) * len(expect)
