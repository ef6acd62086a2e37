"""Cases that are certified side by side get what each gets alone, up to the upward rounding of a bound."""

from adamax_ref.dialects import get
from adamax_ref.golden.build import case_from
from adamax_ref.golden.case import Case
from adamax_ref.golden.design import Design, designs
from adamax_ref.golden.expected import certify_cases, certify_together
from adamax_ref.golden.oracle import with_flushes

TORCH = with_flushes(get("torch"))


def family(kind: str) -> list[Case]:
    """Return the cases of the first family of a kind."""
    return [case_from(each, "drawn", TORCH, "f32") for each in designs("drawn") if each.slug.startswith(f"{kind}-0-")]


def test_side_by_side_gives_the_true_values_and_the_limits_of_one_by_one() -> None:
    cases = [*family("plain"), *family("skip"), *family("decay")]
    together = certify_together(cases, TORCH)
    assert sorted(together) == sorted(case.id for case in cases)
    for case in cases:
        for shared, [alone] in zip(together[case.id], zip(*certify_cases([case], TORCH), strict=True), strict=True):
            assert shared.t == alone.t
            for one, other in ((shared.p, alone.p), (shared.m, alone.m), (shared.u, alone.u)):
                assert (one.true, one.lo, one.hi) == (other.true, other.lo, other.hi)
                assert all(b <= a <= b * (1 + 2.0**-40) for a, b in zip(one.bound, other.bound, strict=True))


def test_a_case_without_company_and_one_that_spoils_its_group_are_left_to_themselves() -> None:
    alone, *_ = family("climb")
    pair = [case_from(Design(slug, "", "S1", steps=(grad,)), "smoke", TORCH, "f16") for slug, grad in (("a", "1"), ("b", "2"))]
    tiny = {"eps": 1e-8}  # 0 in binary16 by some permitted recipes, so that a gradient of 0 gives NaN by them alone
    wart, whole = (
        case_from(Design(slug, "", "S1", steps=(grad,), hyper=tiny), "smoke", TORCH, "f16")
        for slug, grad in (("c", "0"), ("d", "1"))
    )
    assert certify_together([alone], TORCH) == {}
    assert sorted(certify_together([alone, *pair, wart, whole], TORCH)) == [case.id for case in pair]
