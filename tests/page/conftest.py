"""Runs for the page: one target that is right, one that is wrong, one whose name is hostile, judged once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, final

import pytest

from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.page import page
from adamax_ref.conformance.run import Run, run
from adamax_ref.conformance.target import Target, attempt
from adamax_ref.conformance.targets import open_target
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import State, canonical, reported
from adamax_ref.golden.patterns import encode
from adamax_ref.law.dialect import Dialect

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>&lt;"


@final
class Follower(Target):
    """A target that follows a dialect, right or wrong, and refuses what must be refused."""

    def __init__(self, law: Dialect, name: str, profiles: Sequence[str] = ("f32",)) -> None:
        self.law = law
        self._hello = Hello(name, "1.0", "python", ("torch",), tuple(profiles))

    @property
    def hello(self) -> Hello:
        """As given."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Follow the law."""
        return Answer(case.id, refused="illegal") if case.result == "reject" else attempt(case, self._steps)

    def _steps(self, case: Case) -> tuple[Reported, ...]:
        states = reported(canonical(self.law, case.profile), case)
        return tuple(_shown(number, state, case) for number, state in zip(case.report, states, strict=True))


def _shown(number: int, state: State, case: Case) -> Reported:
    theta, m, u = (encode(column, case.form) for column in (state.theta, state.m, state.u))
    return Reported(number, theta, m, u, state.t)


@cache
def _runs() -> tuple[Run, ...]:
    corpus, torch = open_corpus(), get("torch")
    forgets = replace(torch, update=lambda p, g, m, u, c: torch.update(p, g, m, g * c.beta2, c))  # the old norm is lost
    targets = (
        open_target("backend:numpy"),
        Follower(forgets, "forgetful"),
        Follower(torch.variants["unfused"], "separate operations"),
        Follower(get("paper"), HOSTILE),
    )
    return tuple(run(target, corpus, "torch", "f32") for target in targets)


@pytest.fixture
def runs() -> tuple[Run, ...]:
    """Return four runs: exact, not conformant, named, and not conformant under a hostile name."""
    return _runs()


@cache
def _html() -> str:
    return page(_runs())


@pytest.fixture
def html() -> str:
    """Return the page of these runs."""
    return _html()


@pytest.fixture
def follower() -> Callable[..., Any]:
    """Return the class of targets that follow a dialect."""
    return Follower
