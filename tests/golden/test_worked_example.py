"""The example of the specification, number by number: it was computed by another program than this one."""

from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.profile import BINARY32

EXPECTED = {
    1: {
        "theta": (
            "3f7f7cee befef9db",
            "3f7f7cee befef9db",
            "3f7f7ced befef9dc",
            "3f7f7cee befef9db",
            "3e705872b25cc5ed 3e60b0e564615a37",
        ),
        "m": (
            "3dcccccd bccccccd",
            "3dcccccd bccccccd",
            "3dccccc9 bcccccd0",
            "3dccccd0 bcccccc9",
            "3e6000000d000001 3e4000000d000001",
        ),
        "u": (
            "3f800000 3e800000",
            "3f800000 3e800000",
            "3f800000 3e800000",
            "3f800000 3e800000",
            "3e70000002f54364 3e5000000bd50d90",
        ),
    },
    2: {
        "theta": (
            "3f7f3626 befe7d8f",
            "3f7f3626 befe7d8f",
            "3f7f3624 befe7d90",
            "3f7f3627 befe7d8d",
            "3e804772859bf59b 3e708869e62f80d4",
        ),
        "m": (
            "3dd1eb85 bcb851ec",
            "3dd1eb85 bcb851ec",
            "3dd1eb80 bcb851f0",
            "3dd1eb8a bcb851e7",
            "3e6770a3fdaa3d83 3e4570a3fc0a3d83",
        ),
        "u": (
            "3f7fbe77 3e7fbe77",
            "3f7fbe77 3e7fbe77",
            "3f7fbe75 3e7fbe76",
            "3f7fbe79 3e7fbe79",
            "3e81b645b059ad06 3e61b645b9acd8ef",
        ),
    },
}


def case() -> Case:
    """Return the worked example from the shipped corpus."""
    return next(case for case in open_corpus().cases("torch", "f32") if case.id == "torch/f32/u-decay/shrink-two")


def test_the_question_is_that_of_the_specification() -> None:
    assert case().init.theta == "3f800000 bf000000"
    assert [step.grad for step in case().steps] == ["3f800000 be800000", "3e000000 00000000"]
    constants = [(step.constants.correction, step.constants.rate) for step in case().steps if step.constants]
    assert constants == [("3fb9999999999998", "3f947ae147ae147c"), ("3fc851eb851eb850", "3f858ed2308158ef")]


def test_bits_and_true_values_are_those_of_the_specification() -> None:
    for expect in case().expect or ():
        for name, (bits, true, *_) in EXPECTED[expect.step].items():
            assert (getattr(expect, name).bits, getattr(expect, name).true) == (bits, true)


def test_limits_are_no_wider_than_those_of_the_specification() -> None:
    for expect in case().expect or ():
        for name, (_, _, lo, hi, _) in EXPECTED[expect.step].items():
            quantity = getattr(expect, name)
            assert all(a >= b for a, b in zip(decode(quantity.lo, BINARY32), decode(lo, BINARY32), strict=True))
            assert all(a <= b for a, b in zip(decode(quantity.hi, BINARY32), decode(hi, BINARY32), strict=True))
