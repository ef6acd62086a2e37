"""What each category must contain, and which case contains it: the taxonomy of the corpus as a table."""

import pytest

from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.design import SCOPE, categories, designs_of, parts
from adamax_ref.golden.load import open_corpus

SINGLE, HALF = "torch/f32", "torch/f16"

CONTAINS: dict[str, dict[str, str]] = {
    "smoke": {
        "a rate of 0 leaves the parameter": "lr-zero",
        "one step in powers of two": "one-step",
        "odd patterns come back": "echo",
        "one refusal": "negative-lr",
    },
    "first": {
        "gradients over 2**60, both signs, from zero state": "any-size",
        "different magnitudes in one tensor": "magnitudes",
        "beta1 of one half": "beta1-half",
        "another rate than the default": "large-rate",
    },
    "time": {
        "steps 1, 2, 3 with a constant gradient": "one-to-three",
        "step 10": "ten",
        "99 to 101": "from-98",
        "127 to 129": "from-126",
        "255 to 257": "from-254",
        "999": "from-998",
        "2047 to 2049": "from-2046",
        "32767 and 32768": "from-32766",
        "65504 and 65505": "from-65503",
        "2**24 and both its neighbours": "from-16777214",
    },
    "moment": {
        "sign changes": "sign-changes",
        "an impulse and zeros": "impulse",
        "beta1 of 0": "beta1-zero",
        "negative throughout": "negative",
        "a beta1 of many digits": "many-digits",
    },
    "u-decay": {
        "shrinking, beta2 of many digits": "shrink-two",
        "growing, beta2 of 7/8": "grow",
        "alternating winners": "alternate",
        "an exact tie": "tie",
        "beta2 of 0": "beta2-zero",
        "beta2 of one half": "beta2-half",
        "beta2 of 1 - 2**-12": "slow-decay",
        "gradients that shrink by beta2": "by-beta2",
        "negative gradients alone": "negative-only",
        "far above 1": "far-above",
        "far below 1": "far-below",
    },
    "eps": {
        "1/4, below, at and above": "quarter",
        "1/16, moment and norm apart": "sixteenth",
        "far larger than the norm": "dominates",
        "none": "none",
        "the default, with gradients of its size": "default",
        "a gradient near minus epsilon": "negative-near",
    },
    "zero": {
        "an all-zero first step": "first",
        "single zero elements": "single",
        "zeros after history": "after-history",
        "zeros for several steps": "long",
        "-0": "negative-zero",
    },
    "decay": {
        "few bits, both signs": "few-bits",
        "many bits": "many-bits",
        "a parameter that moves by more than itself": "moving",
        "a zero gradient": "zero-gradient",
        "large": "large",
        "with a changing rate": "with-schedule",
    },
    "lr": {
        "up and down": "up-and-down",
        "zero": "zero-between",
        "tiny": "tiny",
        "a step's own beside others": "between",
        "the first step's own": "own-first",
        "above 1": "above-one",
    },
    "maximize": {"alone, both signs": "alone", "with decay": "with-decay"},
    "range": {
        "subnormal gradients": "subnormal-gradient",
        "subnormal moment and norm": "subnormal-state",
        "squares that underflow": "square-underflows",
        "squares that overflow": "square-overflows",
        "near the largest number": "near-largest",
        "a norm whose inverse overflows": "reciprocal-overflows",
        "a norm below 2**-40": "norm-below-2-40",
        "an absorbed update": "absorbed",
        "crossing zero": "crossing",
        "a parameter that overflows": "parameter-overflows",
    },
    "nonfinite": {
        "NaN in one element, a step later too": "nan-gradient",
        "infinities": "infinite-gradient",
        "NaN in the parameter": "nan-parameter",
        "infinity in the parameter": "infinite-parameter",
        "in given state": "nan-state",
    },
    "signed-zero": {"a parameter of -0": "parameter", "a moment of -0": "moment"},
    "dtype": {"all digits of numbers and hyperparameters": "all-digits", "scalars with digits of their own": "odd-betas"},
    "round": {"searched, next to a middle": "usual", "with decay": "decay"},
    "shape": {
        "no dimension": "scalar",
        "no element": "nothing",
        "no column": "no-columns",
        "two dimensions, not square": "2by-3",
        "five dimensions": "1by-2by-1by-2by-1",
    }
    | {f"{n} elements": f"length-{n}" for n in (1, 2, 3, 5, 7, 8, 9, 31, 33, 63, 65)},
    "state": {
        "all given, moment and norm different": "given",
        "continuing": "resumed",
        "the same in one go": "through",
        "late, with foreign state": "late-and-foreign",
        "norm alone": "norm-alone",
        "moment alone": "moment-alone",
    },
    "skip": {"the first": "first", "one in the middle": "middle", "two running, and the last": "twice-and-last"},
    "chain": {"twenty": "steps-20", "a thousand": "steps-1000"},
    "reject": {
        "a negative rate": "lr-negative",
        "a NaN rate": "lr-nan",
        "beta1 of 1": "beta1-one",
        "a negative beta1": "beta1-negative",
        "a NaN beta1": "beta1-nan",
        "beta2 of 1": "beta2-one",
        "a negative beta2": "beta2-negative",
        "a NaN beta2": "beta2-nan",
        "a negative epsilon": "eps-negative",
        "a NaN epsilon": "eps-nan",
        "a negative decay": "weight-decay-negative",
        "a NaN decay": "weight-decay-nan",
        "a rate that becomes negative": "step-lr-negative",
        "a rate that becomes NaN": "step-lr-nan",
        "a negative counter": "t-negative",
        "wrong lengths": "theta-length",
        "unreadable patterns": "grad-pattern",
        "legal neighbours of the betas": "legal-betas",
        "legal zeros": "legal-zeros",
    },
}
"""By category, for PyTorch in single precision: what level core must contain, and the case that does."""

ELSEWHERE = {
    "torch/c64/complex": ("real", "imaginary", "both", "unlike-sizes", "modulus"),
    "torch/f16/dtype": ("plateau", "all-digits"),
    "torch/f16/chain": ("steps-200",),
    "paper/f32/reject": ("eps-in-a-dialect-without",),
    "keras/f32/decay": ("few-bits", "moving"),
}
"""What only other dialects and profiles can show."""

IN_FULL = {
    "torch/f32/shape": ("length-255", "length-257", "length-1023", "length-1025", "length-4097"),
    "torch/f32/chain": ("steps-10000",),
}
"""What level full has for its size, which core must keep small."""


def slugs(place: str, level: str = "core") -> set[str]:
    """Return the last parts of the ids that a dialect, profile and category is to have at a level."""
    return {d.slug for part in parts(level) if part.path.endswith(f"/{place}.json") for d in designs_of(part)}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Case]:
    """Return the shipped cases of PyTorch in single precision, by the end of their ids."""
    return {f"{case.category}/{case.slug}": case for case in open_corpus().cases("torch", "f32")}


def test_the_table_has_every_category() -> None:
    assert {*CONTAINS, "complex", "drawn"} == {*categories()}


@pytest.mark.parametrize("category", sorted(CONTAINS))
def test_core_contains_what_the_category_must_contain(category: str, shipped: dict[str, Case]) -> None:
    missing = {words: slug for words, slug in CONTAINS[category].items() if f"{category}/{slug}" not in shipped}
    assert missing == {}


@pytest.mark.parametrize("place", sorted(ELSEWHERE))
def test_core_contains_what_one_dialect_or_profile_alone_can_show(place: str) -> None:
    dialect, profile, category = place.split("/")
    found = {case.slug for case in open_corpus().cases(dialect, profile) if case.category == category}
    assert {*ELSEWHERE[place]} <= found


@pytest.mark.parametrize("place", sorted(IN_FULL))
def test_full_contains_what_is_too_large_for_core(place: str) -> None:
    assert {*IN_FULL[place]} <= slugs(place, "full")


@pytest.mark.parametrize("dialect", sorted(SCOPE))
def test_every_dialect_has_every_category_that_it_can_have(dialect: str) -> None:
    options = get(dialect).options
    for profile in SCOPE[dialect]:
        found = {case.category for case in open_corpus().cases(dialect, profile)}
        wanted = {"complex"} if profile in ("c64", "c128") else {*CONTAINS}
        absent = ({"decay"} if not options & {"l2", "decoupled"} else set()) | ({"maximize"} - options)
        absent |= {"eps"} - options
        absent |= {"signed-zero"} if profile in ("f16", "bf16") else set()
        assert found == wanted - absent, profile


def test_a_good_case_moves_everything_and_no_two_hyperparameters_are_alike(shipped: dict[str, Case]) -> None:
    numbers = [getattr(shipped["u-decay/grow"].hyper, name).value for name in ("lr", "beta1", "beta2", "eps")]
    assert len({*numbers}) == 4
    assert not {*numbers} & {0.002, 0.001, 0.9, 0.999, 1e-8, 1e-7}
