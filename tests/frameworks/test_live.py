"""Every framework that can be run gives its dialect's bits, in parameter, moment and norm, at every step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adamax_ref.dialects import get as dialect
from adamax_ref.frameworks import Start, get, names
from adamax_ref.frameworks.batteries import FAMILIES, draw
from adamax_ref.frameworks.child import Children
from adamax_ref.frameworks.model import follow, mismatches
from adamax_ref.quality.survey import Row
from adamax_ref.recipe.hyper import Hyperparameters

pytestmark = pytest.mark.frameworks

Live = Callable[[str], Children]


def in_profiles(wanted: str) -> list[tuple[str, str]]:
    return [
        (name, profile)
        for name in names()
        for profile in get(name).profiles
        if profile in wanted.split() and profile not in get(name).departs
    ]


def settings_of(name: str, **changes: Any) -> Hyperparameters:
    return Hyperparameters(**{"lr": 0.01, "eps": dialect(name).defaults.eps, **changes})


def departures(held: Children, name: str, profile: str, family: str, h: Hyperparameters, size: int, steps: int) -> list[int]:
    p, gradients = draw(family, profile, size, steps)
    start = Start(profile, h, p, np.zeros_like(p), np.zeros_like(p))
    theirs = held.play(name, start, gradients)
    ours = follow(name, start, gradients)
    return [mismatches(a, b) for a, b in zip(ours, theirs, strict=True)]


@pytest.mark.parametrize("name", names())
def test_four_thousand_elements_over_fifty_steps_agree_in_every_bit(name: str, surveyed: Callable[[str], Row]) -> None:
    exact = {key: counts for key, counts in surveyed(name).departures.items() if key[:3] not in get(name).departs}
    decays = bool(dialect(name).options & {"l2", "decoupled"})
    plain = get(name).plain
    assert {plain, *([f"{plain}+decay"] if decays else [])} <= set(exact)
    assert exact == dict.fromkeys(exact, (0, 0, 0))


@pytest.mark.parametrize(("name", "profile"), in_profiles("f64 f32"))
def test_a_smaller_decay_agrees_in_every_bit(name: str, profile: str, live: Live) -> None:
    if not dialect(name).options & {"l2", "decoupled"}:
        with pytest.raises(ValueError, match="has no weight decay"):
            dialect(name).recipe(settings_of(name, weight_decay=0.01), profile)
        return
    assert departures(live(name), name, profile, "wide", settings_of(name, weight_decay=0.01), 515, 20) == [0, 0, 0]


@pytest.mark.parametrize(("name", "profile"), in_profiles("f64 f32"))
@pytest.mark.parametrize("family", FAMILIES[1:])
def test_every_family_of_numbers_agrees(name: str, profile: str, family: str, live: Live) -> None:
    p_only = name == "mindspore/experimental" and family == "special"  # its quotient NaN/0; see test_departures
    assert departures(live(name), name, profile, family, settings_of(name), 1031, 20)[p_only:] == [0, 0, 0][p_only:]


@pytest.mark.parametrize(("name", "profile"), in_profiles("f64 f32"))
@pytest.mark.parametrize(
    "changes", [{"beta1": 0.3}, {"beta1": 0.5, "beta2": 0.9}, {"beta1": 0.0, "beta2": 0.0}, {"beta1": 0.99, "lr": 0.1, "eps": 1e-3}]
)
def test_other_hyperparameters_agree(name: str, profile: str, changes: dict[str, float], live: Live) -> None:
    wanted = {key: value for key, value in changes.items() if key != "eps" or "eps" in dialect(name).options}
    if name == "mindspore" and not changes["beta1"]:
        with pytest.raises(ValueError, match="beta1"):
            departures(live(name), name, profile, "normal", settings_of(name, **wanted), 5, 1)
        return
    assert departures(live(name), name, profile, "normal", settings_of(name, **wanted), 515, 20) == [0, 0, 0]


@pytest.mark.parametrize(("name", "profile"), in_profiles("f64 f32"))
def test_maximize_agrees_where_there_is_one(name: str, profile: str, live: Live) -> None:
    if "maximize" not in dialect(name).options:
        with pytest.raises(ValueError, match="has no maximize"):
            dialect(name).recipe(settings_of(name, maximize=True), profile)
        return
    assert departures(live(name), name, profile, "wide", settings_of(name, maximize=True, weight_decay=0.1), 515, 10) == [0, 0, 0]


@pytest.mark.parametrize(("name", "profile"), in_profiles("f16 bf16"))
@pytest.mark.parametrize("decay", [0.0, 8.0])
def test_half_precision_agrees(name: str, profile: str, decay: float, live: Live) -> None:
    if decay and not dialect(name).options & {"l2", "decoupled"}:
        decay = 0.0
    h = settings_of(name, weight_decay=decay)
    for family in ("wide",) if decay else FAMILIES[1:]:
        assert departures(live(name), name, profile, family, h, 1031, 12) == [0, 0, 0], family


@pytest.mark.parametrize(("name", "profile"), in_profiles("f16 bf16"))
def test_half_precision_agrees_where_beta2_is_visible(name: str, profile: str, live: Live) -> None:
    assert departures(live(name), name, profile, "normal", settings_of(name, beta2=0.95, eps=1e-3), 515, 20) == [0, 0, 0]


@pytest.mark.parametrize("name", names())
def test_four_hundred_steps_agree(name: str, live: Live) -> None:
    plain = get(name).plain
    assert departures(live(name), name, plain, "normal", settings_of(name), 65, 400) == [0, 0, 0]


@pytest.mark.parametrize("name", names())
def test_a_run_goes_on_from_a_state_and_with_another_learning_rate(name: str, live: Live) -> None:
    plain = get(name).plain
    p, gradients = draw("normal", plain, 33, 8)
    start = Start(plain, settings_of(name), p, np.zeros_like(p), np.zeros_like(p))
    rates = [0.01] * 8 if name == "torchopt" else [0.01, 0.01, 0.01, 0.003, 0.003, 0.003, 0.1, 0.1]
    skipping = [*gradients[:2], None, *gradients[3:]]
    whole = live(name).play(name, start, skipping, rates)
    middle = Start(plain, start.hyper, whole.p[4], whole.m[4], whole.u[4], 4)
    rest = live(name).play(name, middle, skipping[5:], rates[5:])
    assert [mismatches(a[5:], b) for a, b in zip(whole, rest, strict=True)] == [0, 0, 0]
    assert [mismatches(a, b) for a, b in zip(whole, follow(name, start, skipping, rates), strict=True)] == [0, 0, 0]


def test_the_comparison_can_fail(live: Live) -> None:
    p, gradients = draw("wide", "f32", 515, 10)
    start = Start("f32", settings_of("torch"), p, np.zeros_like(p), np.zeros_like(p))
    theirs = live("torch").play("torch", start, gradients)
    assert all(mismatches(a, b) for a, b in zip(follow("keras", start, gradients), theirs, strict=True))
