"""Rules R99 to R107: zero_grad and schedules, by torch and by us; every learning rate to the last bit."""

import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

pytestmark = pytest.mark.frameworks
Fails = Callable[..., Any]


def _optimizer(side: Any, lr: Any = 2e-3) -> Any:
    return side.Adamax([side.param([1.0], [1.0])], lr=lr)


def _page(side: Any, o: Any) -> Any:
    """Return the schedule of the example on PyTorch's page."""
    warm_up = side.LinearLR(o, start_factor=0.1, end_factor=1, total_iters=20)
    decline = side.CosineAnnealingLR(o, T_max=80, eta_min=3e-5)
    return side.SequentialLR(o, schedulers=[warm_up, decline], milestones=[20])


def _rates(o: Any, schedule: Any, steps: int) -> list[str]:
    seen = [float(o.param_groups[0]["lr"]).hex()]
    for _ in range(steps):
        o.step()
        schedule.step()
        seen.append(float(o.param_groups[0]["lr"]).hex())
    return seen


def test_r99_zero_grad_sets_none_or_fills_with_zeros(side: Any) -> None:
    p, q = side.param([1.0], [float("nan")]), side.param([1.0])
    o = side.Adamax([p, q])
    held = p.grad
    assert o.zero_grad(set_to_none=False) is None
    assert p.grad is held
    assert side.values(p.grad) == [0.0]
    assert q.grad is None
    o.zero_grad()
    assert p.grad is None


@pytest.mark.parametrize("factor", [0, 1.5])
def test_r100_the_factors_of_a_linear_schedule_have_ranges(side: Any, fails: Fails, factor: float) -> None:
    words = "Starting multiplicative factor expected to be greater than 0 and less or equal to 1."
    with fails(ValueError, words):
        side.LinearLR(_optimizer(side), start_factor=factor)
    with fails(ValueError, "Ending multiplicative factor expected to be between 0 and 1."):
        side.LinearLR(_optimizer(side), end_factor=factor or -1)


def test_r101_empty_schedules_are_refused_at_construction_by_us(side: Any, fails: Fails) -> None:
    if side.ours:
        with fails(ValueError, "T_max must be at least 1, got 0"):
            side.CosineAnnealingLR(_optimizer(side), T_max=0)
        for total in (0, -1):
            with fails(ValueError, f"total_iters must be at least 1, got {total}"):
                side.LinearLR(_optimizer(side), total_iters=total)
        return
    o = _optimizer(side)
    with fails(ZeroDivisionError, "integer modulo by zero"):
        _rates(o, side.CosineAnnealingLR(o, T_max=0), 1)
    for total in (0, -1):
        o = _optimizer(side)
        assert len(set(_rates(o, side.LinearLR(o, total_iters=total), 5))) == 1


def test_r102_a_cosine_of_half_period_one_alternates(side: Any) -> None:
    o = _optimizer(side)
    assert _rates(o, side.CosineAnnealingLR(o, T_max=1), 3) == [x.hex() for x in (0.002, 0.0, 0.002, 0.0)]


def test_r103_a_sequence_checks_its_members(side: Any, fails: Fails) -> None:
    o = _optimizer(side)
    one = side.LinearLR(o)
    with fails(ValueError, "SequentialLR expects at least one scheduler, but got no scheduler."):
        side.SequentialLR(o, [], [])
    words = (
        "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, "
        "but got number of schedulers 1 and the number of milestones to be equal to 2"
    )
    with fails(ValueError, words):
        side.SequentialLR(o, [one], [1, 2])
    with fails(ValueError, "SequentialLR expects all schedulers to belong to the same optimizer, but got scheduler LinearLR"):
        side.SequentialLR(_optimizer(side), [one], [])
    with fails(TypeError, "SequentialLR at index 0 should have `optimizer` as its attribute."):
        side.SequentialLR(o, [3], [])


def test_r104_resuming_needs_initial_learning_rates(side: Any, fails: Fails) -> None:
    words = "param 'initial_lr' is not specified in param_groups[0] when resuming scheduler with last_epoch >= 0."
    with fails(KeyError, words):
        side.LinearLR(_optimizer(side), last_epoch=3)


def test_r105_the_wrong_order_of_steps_and_reading_from_outside_warn(side: Any) -> None:
    o = _optimizer(side)
    schedule = side.LinearLR(o)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`."):
        schedule.step()
    with pytest.warns(UserWarning, match="To get the last learning rate computed by the scheduler, please use"):
        schedule.get_lr()


def test_r106_an_array_as_learning_rate_is_filled_in_place(side: Any) -> None:
    lr = side.array(0.1, "float64")
    o = _optimizer(side, lr)
    schedule = side.LinearLR(o, start_factor=0.5, total_iters=2)
    _rates(o, schedule, 1)
    assert o.param_groups[0]["lr"] is lr
    assert float(lr) == 0.1 * 0.5 * 1.5
    assert float(o.param_groups[0]["initial_lr"]) == 0.1


def test_r107_resuming_in_the_right_order_continues_bit_for_bit(side: Any) -> None:
    o = _optimizer(side)
    schedule = _page(side, o)
    _rates(o, schedule, 60)
    saved, saved_schedule = deepcopy(o.state_dict()), deepcopy(schedule.state_dict())
    again = _optimizer(side)
    schedule_again = _page(side, again)
    schedule_again.load_state_dict(saved_schedule)
    again.load_state_dict(saved)
    assert _rates(again, schedule_again, 60) == _rates(o, schedule, 60)
    other = _optimizer(side)
    other.load_state_dict(saved)
    _page(side, other)
    assert other.param_groups[0]["lr"] == 2e-4  # the other order starts the schedule again


def test_the_page_s_example_has_these_learning_rates(side: Any) -> None:
    o = _optimizer(side)
    rates = [float.fromhex(x) for x in _rates(o, _page(side, o), 120)]
    wanted = {
        0: 0.0002, 1: 0.00029, 19: 0.00191, 20: 0.002, 21: 0.001999240600697112, 60: 0.0010149999999999998,
        99: 3.075939930288794e-05, 100: 3e-05, 101: 3.075939930288794e-05, 120: 0.0003184998205312504,
    }  # fmt: skip
    assert {t: rates[t] for t in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LinearLR", {}),
        ("LinearLR", {"start_factor": 0.7, "end_factor": 0.01, "total_iters": 37}),
        ("CosineAnnealingLR", {"T_max": 7}),
        ("CosineAnnealingLR", {"T_max": 50, "eta_min": 1e-5}),
    ],
)
def test_schedules_give_torch_s_rates_and_exchange_state_with_it(
    torch_side: Any, our_side: Any, name: str, options: dict[str, Any]
) -> None:
    theirs, ours = _optimizer(torch_side, 0.37), _optimizer(our_side, 0.37)
    real, mine = getattr(torch_side, name)(theirs, **options), getattr(our_side, name)(ours, **options)
    assert _rates(theirs, real, 60) == _rates(ours, mine, 60)
    assert mine.state_dict() == real.state_dict()
    for source, target, o in ((real, getattr(our_side, name), _optimizer(our_side, 0.37)),
                              (mine, getattr(torch_side, name), _optimizer(torch_side, 0.37))):  # fmt: skip
        fresh = target(o, **options)
        fresh.load_state_dict(deepcopy(source.state_dict()))
        o.param_groups[0]["lr"] = source.get_last_lr()[0]
        assert _rates(o, fresh, 60)[1:] == _ahead(source, 60)


def _ahead(schedule: Any, steps: int) -> list[str]:
    """Return the next learning rates of a schedule, on a copy."""
    copied = deepcopy(schedule)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _rates(copied.optimizer, copied, steps)[1:]


def test_sequences_give_torch_s_rates_and_exchange_state_with_it(torch_side: Any, our_side: Any) -> None:
    theirs, ours = _optimizer(torch_side), _optimizer(our_side)
    real, mine = _page(torch_side, theirs), _page(our_side, ours)
    assert _rates(theirs, real, 50) == _rates(ours, mine, 50)
    assert mine.state_dict() == real.state_dict()
    fresh = _optimizer(our_side)
    taken = _page(our_side, fresh)
    taken.load_state_dict(deepcopy(real.state_dict()))
    fresh.param_groups[0]["lr"] = theirs.param_groups[0]["lr"]
    assert _rates(fresh, taken, 70) == _rates(theirs, real, 70)


def test_three_in_a_row_and_one_inside_another_follow_torch(torch_side: Any, our_side: Any) -> None:
    seen = []
    for side in (torch_side, our_side):
        o = _optimizer(side)
        inner = side.SequentialLR(o, [side.LinearLR(o, 0.5, total_iters=3), side.CosineAnnealingLR(o, 9)], [4])
        with pytest.warns(UserWarning, match="Detected call"):  # beginning a member that has begun counts as a step
            outer = side.SequentialLR(o, [inner, side.LinearLR(o, 0.25, 0.5), side.CosineAnnealingLR(o, 5)], [12, 20])
        seen.append(_rates(o, outer, 40))
    assert seen[0] == seen[1]


def test_our_schedules_take_our_optimizers_and_check_the_number_of_members(our_side: Any, fails: Fails) -> None:
    with fails(TypeError, "int is not an Optimizer"):
        our_side.LinearLR(3)
    o = _optimizer(our_side)
    schedule = _page(our_side, o)
    with fails(ValueError, "the state dict has 1 schedules, but there are 2"):
        schedule.load_state_dict({**schedule.state_dict(), "_schedulers": schedule.state_dict()["_schedulers"][:1]})


def test_a_step_before_the_schedule_was_built_counts_with_us(side: Any) -> None:
    o = _optimizer(side)
    o.step()
    schedule = side.LinearLR(o)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        schedule.step()
    assert len(seen) == (0 if side.ours else 1)
