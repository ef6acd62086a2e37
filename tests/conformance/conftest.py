"""Targets made of a rule, right or wrong, so that the judge can be judged."""

from typing import final

import pytest

from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.target import Target, attempt
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State, canonical, reported
from adamax_ref.golden.patterns import encode
from adamax_ref.recipe.dialect import Dialect

collect_ignore = ["misbehaving.py"]  # a program, which tests start


@final
class RuleTarget(Target):
    """A target that follows a rule, operation by operation."""

    def __init__(self, law: Dialect, hello: Hello | None = None) -> None:
        self.law = law
        self._hello = hello or Hello("a rule", "1", "python", ("torch",), ("f32", "f64"))

    @property
    def hello(self) -> Hello:
        """As given."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Follow the rule; the values of a reject case raise on their own, where they can."""
        if case.result == "reject":
            return Answer(case.id, refused="illegal")
        return attempt(case, self._steps)

    def _steps(self, case: Case) -> tuple[Reported, ...]:
        states = reported(canonical(self.law, case.profile), case)
        return tuple(self._reported(number, case, state) for number, state in zip(case.report, states, strict=True))

    def _reported(self, number: int, case: Case, state: State) -> Reported:
        theta, m, u = (encode(column, case.form) for column in (state.theta, state.m, state.u))
        return Reported(number, theta, m, u, state.t)


@pytest.fixture
def rule_target() -> type[RuleTarget]:
    """Return the class, to be made with a dialect."""
    return RuleTarget
