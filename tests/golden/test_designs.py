"""The case table: enough cases, each with a reason of its own, legal names and known flags."""

import re
from collections import Counter

import pytest

from adamax_ref.dialects import get
from adamax_ref.golden.build import case_from
from adamax_ref.golden.design import Design, categories, designs
from adamax_ref.golden.flags import FLAGS

EVERY = [(category, design) for category in categories() for design in designs(category)]


def test_at_least_sixty_cases_apply_to_torch_and_to_paper_in_both_wide_profiles() -> None:
    for dialect in ("torch", "paper"):
        for profile in ("f32", "f64"):
            assert sum(design.applies(get(dialect), profile) for _, design in EVERY) >= 60


def test_every_design_has_a_reason_of_its_own() -> None:
    reasons = Counter((design.why, design.profiles) for _, design in EVERY)
    assert [why for why, times in reasons.items() if times > 1] == []
    assert all(design.why.endswith(".") and len(design.why.split()) >= 6 for _, design in EVERY)


def test_every_design_cites_a_clause_and_names_known_flags_only() -> None:
    for category, design in EVERY:
        assert re.fullmatch(r"S([1-9]|10)( S([1-9]|10))*", design.spec), (category, design.slug)
        assert set(design.flags.split()) <= set(FLAGS), (category, design.slug)
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", design.slug)


@pytest.mark.parametrize("profile", ["f64", "f32", "f16", "bf16"])
@pytest.mark.parametrize("name", ["torch", "paper"])
def test_ids_are_unique_and_every_number_fits_its_profile(name: str, profile: str) -> None:
    dialect = get(name)
    made = [
        case_from(design, category, dialect, profile).id
        for category, design in EVERY
        if design.level != "full" and design.applies(dialect, profile)
    ]
    assert len(made) == len({*made})


def test_a_number_that_the_profile_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="binary16 does not hold"):
        case_from(Design("x", "A reason.", "S1", steps=("2^40",)), "smoke", get("torch"), "f16")


def test_features_that_a_dialect_lacks_keep_a_design_out() -> None:
    paper, torch = get("paper"), get("torch")
    for design in (
        Design("x", "", "S3", steps=("1",), hyper={"weight_decay": 0.5}),
        Design("x", "", "S2", steps=("1",), maximize=True),
    ):
        assert design.applies(torch, "f32")
        assert not design.applies(paper, "f32")


def test_needs_and_flags_follow_from_the_content() -> None:
    design = Design("x", "A reason.", "S3", theta="1", m="1", u="1", t=3, steps=("1",), hyper={"weight_decay": 0.5}, maximize=True)
    case = case_from(design, "smoke", get("torch"), "f32")
    assert case.needs == ("init-state", "l2", "maximize")
    assert {"imported-state", "decay-coupled", "maximize"} <= {*case.flags}


def test_through_and_resumed_meet_in_the_middle() -> None:
    """The state given to `resumed` is where `through` is after two steps."""
    from adamax_ref.golden.oracle import canonical, start, trajectory

    by_slug = {design.slug: design for design in designs("state")}
    torch = get("torch")
    through, resumed = (case_from(by_slug[slug], "state", torch, "f32") for slug in ("through", "resumed"))
    states = list(trajectory(canonical(torch, "f32"), through))
    assert states[1] == start(resumed)
    assert states[3] == list(trajectory(canonical(torch, "f32"), resumed))[1]
