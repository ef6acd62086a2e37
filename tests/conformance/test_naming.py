"""Naming: the right bug first for nearly all of the bank, and never a name for a bug that is not in it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, final

import pytest

from adamax_ref.bugs import Bug, Numbers, Parts, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.bugs.parts import Clock, but
from adamax_ref.conformance.bug_replay import Replay, cost
from adamax_ref.conformance.cause import Diagnosis
from adamax_ref.conformance.diagnosis import diagnose
from adamax_ref.conformance.judge import Judged, judge
from adamax_ref.conformance.targets.bug import BugTarget
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import State, with_flushes
from adamax_ref.quality.bug_naming import ALL, THETA, naming

Three = tuple[float, float, float]


@cache
def cases() -> list[Case]:
    """Return the shipped cases of torch in binary32, but for the long ones: fewer cases make naming harder, and faster."""
    return [case for case in open_corpus().cases("torch", "f32") if cost(case)[0] <= 100]


@cache
def canonical() -> Replay:
    """Return the bank under PyTorch's own order of operations; what it has computed serves every test here."""
    return Replay(parts("torch", "f32"))


def judged(bug: Bug, replay: Replay, exposes: tuple[str, ...]) -> tuple[BugTarget, list[Judged]]:
    """Judge a bug as a target."""
    target = BugTarget(bug, replay, exposes)
    return target, [judge(case, target.run(case), target.hello) for case in cases()]


def diagnosed(bug: Bug, replay: Replay, exposes: tuple[str, ...], known: Replay | None = None) -> Diagnosis:
    """Diagnose a bug as a target."""
    target, found = judged(bug, replay, exposes)
    return diagnose(found, target.hello, known)


@pytest.mark.parametrize(("exposes", "share"), [(ALL, 0.9), (THETA, 0.7)])
def test_the_right_bug_is_named_first(exposes: tuple[str, ...], share: float, tell: Any) -> None:
    found = naming(cases(), exposes, canonical())
    tell(f"torch f32 with {', '.join(exposes)}: {found.first} of {found.bugs} bugs named first")
    assert found.share >= share, found.unnamed
    assert found.wrong == ()


def test_what_names_a_bug_is_certain_when_it_is_the_bug_bit_for_bit() -> None:
    cause, *others = diagnosed(bank()["B16"], canonical(), ALL, canonical()).causes
    assert (cause.bug, cause.strength, others) == ("B16", "certain", [])
    assert len(cause.cases) > 10


def scaled(u: float) -> Bug:
    """Return a bug that makes the norm too large."""

    def element(parts: Parts, p: float, g: float, m: float, v: float, h: Numbers, t: int) -> Three:
        new_m, new_u = parts.moment(p, g, m, h), parts.stored(u * parts.norm(p, g, v, h))
        return parts.update(p, new_m, new_u, h, t), new_m, new_u

    return Bug("X", "a norm too large", "", "", "", element)


def bent(**changes: Any) -> Bug:
    """Return a bug that uses other hyperparameters: each a function of the right ones."""

    def element(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
        return parts.step(p, g, m, u, but(h, **{name: change(h) for name, change in changes.items()}), t)

    return Bug("X", "other hyperparameters", "", "", "", element)


def late(steps: int) -> Bug:
    """Return a bug whose bias correction is that of a later step."""

    def element(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
        return parts.step(p, g, m, u, h, t, Clock(t + steps))

    return Bug("X", "a counter that is ahead", "", "", "", element)


def seen(change: Any) -> Bug:
    """Return a bug that sees another gradient."""

    def element(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> Three:
        return parts.step(p, parts.stored(change(g, t)), m, u, h, t)

    return Bug("X", "another gradient", "", "", "", element)


def both(first: str, second: str) -> Bug:
    """Return two bugs at once, one of the step and one of what is around it."""
    return replace(bank()[first], id="X", tensor=bank()[second].tensor, hyper=bank()[second].hyper)


def third_element(before: State, after: State) -> State:
    """Do not update the third element."""
    keep = [old if at == 2 else new for at, (old, new) in enumerate(zip(before.theta, after.theta, strict=True))]
    return replace(after, theta=tuple(keep))


def limited(before: State, after: State) -> State:
    """Keep the moment below a twentieth."""
    return replace(after, m=tuple(max(min(m, 0.046875), -0.046875) for m in after.m))


OUTSIDE = {
    "u 1 per mille too large": scaled(1.001),
    "u a quarter too large": scaled(1.25),
    "beta2 squared": bent(beta2=lambda h: float(h.beta2) ** 2),
    "beta1 a little too small": bent(beta1=lambda h: float(h.beta1) * (1 - 2.0**-10)),
    "beta2 a little too small": bent(beta2=lambda h: float(h.beta2) * (1 - 2.0**-10)),
    "a learning rate a tenth too large": bent(lr=lambda h: 1.1 * h.lr),
    "a learning rate with three digits": bent(lr=lambda h: float(f"{h.lr:.3g}") * (1 + 2.0**-12)),
    "epsilon times seven": bent(eps=lambda h: 7 * h.eps),
    "the counter two steps ahead": late(2),
    "the counter a hundred steps ahead": late(100),
    "gradients halved": seen(lambda g, t: g / 2),
    "negative gradients a tenth larger": seen(lambda g, t: 1.1 * g if g < 0 else g),
    "every third gradient halved": seen(lambda g, t: g / 2 if t % 3 == 0 else g),
    "the third element not updated": Bug("X", "", "", "", "", tensor=third_element),
    "the moment limited": Bug("X", "", "", "", "", tensor=limited),
    "u decays with beta1 and the rate is the default": both("B16", "B25"),
    "no bias correction and reversed": both("B01", "B50"),
}


@pytest.mark.parametrize("exposes", [ALL, THETA], ids=["all", "theta"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_bug_outside_the_bank_gets_no_name_and_the_nearest_comes_with_its_distance(name: str, exposes: tuple[str, ...]) -> None:
    target, found = judged(OUTSIDE[name], Replay(canonical().parts), exposes)
    assert any(each.status == "failed" for each in found), "the corpus does not see it: nothing is tested"
    diagnosis = diagnose(found, target.hello, canonical())
    assert diagnosis.causes == ()
    assert diagnosis.nearest is not None
    assert diagnosis.nearest.failed > 0
    assert diagnosis.nearest.explained < sum(each.status == "failed" for each in found)


def other_order(text: str) -> Parts:
    """Return a permitted order of operations by its name, or the program that computes in double."""
    from adamax_ref.orders.axes import permitted

    if text == "double":
        return Parts(with_flushes(get("torch")), "f64", storage="f32")
    return Parts(next(law for law in permitted(get("torch"), "f32", decaying=True) if text in law.name), "f32")


ORDERS = ("double", "m=sum mfma=none c1=host bias=host power=exact final=F2 endfma=no decayfma=no")
SOME: Sequence[str] = ("B01", "B12", "B15", "B16", "B21", "B29", "B34", "B35", "B43")


@pytest.mark.parametrize("order", ORDERS)
def test_a_bug_under_another_order_of_operations_is_named_too_and_never_wrongly(order: str) -> None:
    """A bug that a range of the type makes or breaks may go without a name: in double it is another function."""
    replay, names = Replay(other_order(order)), []
    bugs = [bank()[name] for name in SOME if bank()[name].applies(get("torch"), "f32")]
    for bug in bugs:
        found = [cause.bug for cause in diagnosed(bug, replay, ALL).causes]
        assert found in ([], [bug.id]), (order, found)
        names += found
    assert len(names) >= 0.7 * len(bugs), names


def test_the_table_has_a_row_for_each_dialect_and_profile() -> None:
    from adamax_ref.quality.bug_naming import table

    corpus = open_corpus()

    @final
    class Few:
        """The smoke cases of a corpus."""

        manifest = corpus.manifest

        @staticmethod
        def cases(dialect: str, profile: str) -> list[Case]:
            """Return a few cases."""
            return [case for case in corpus.cases(dialect, profile) if case.category == "smoke"]

    few: Any = Few
    head, line, *rows = table(few, ("mlx",))
    assert head.count("|") == line.count("|") == 6
    assert [row.split(" | ")[0] for row in rows] == [
        f"| {pair.replace('/', ' ')}" for pair in sorted(corpus.manifest.floors) if pair.startswith("mlx/")
    ]
    assert all(row.endswith("| none |") for row in rows)


def test_the_published_shares_are_large_enough() -> None:
    from adamax_ref.quality.page_tables import between

    rows = between((Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8"), "naming")[2:]
    assert len(rows) >= 2
    for row in rows:
        shown, theta, wrong = (cell.strip() for cell in row.strip("| ").split("|")[2:])
        assert wrong == "none", row
        if " c64 " not in row and " c128 " not in row:  # a few cases about complex numbers alone, and a name needs two failures
            assert _percent(shown) >= 90 and _percent(theta) >= 70, row


def _percent(cell: str) -> int:
    return int(cell.partition("(")[2].partition("%")[0])
