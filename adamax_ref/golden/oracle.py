"""Bits of a case by the integer stepper: one recipe, element by element, each operation rounded once.

A *rule* says which recipe and which constants a step uses. The canonical rule is the dialect's own recipe with correctly
rounded powers; the rule of another recipe, or of a wrong one, is the canonical rule of another dialect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import repeat
from typing import Literal, final

from adamax_ref.exact.constants import exact_hyper
from adamax_ref.exact.stepper import run
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Recipe

from .case import Case
from .patterns import decode

Made = tuple[Recipe, tuple[float, ...]]
"""A recipe with the constants of a step."""


@final
@dataclass(frozen=True, eq=False)
class Rule:
    """The recipe and the constants of each step, from a dialect in a profile.

    Attributes
    ----------
    exact : bool
        Whether powers of beta1 are correctly rounded, or those of this machine's C library.
    """

    dialect: Dialect
    profile: str
    exact: bool = True

    @lru_cache(maxsize=4096)  # noqa: B019 - rules are few and live as long as the program
    def at(self, h: Hyperparameters, t: int, place: Literal["body", "tail"] = "body") -> Made:
        """Return recipe and constants of step `t`."""
        recipe = self.dialect.recipe(h, self.profile, place)
        return recipe, self.dialect.scalars(exact_hyper(h) if self.exact else h, t, recipe)

    def per_element(self, h: Hyperparameters, t: int, count: int) -> Iterator[Made]:
        """Yield them for every element: what a framework's vector loop leaves over may have a recipe of its own."""
        body = count - count % self.dialect.vector if self.dialect.vector else count
        yield from repeat(self.at(h, t), body)
        if body < count:
            yield from repeat(self.at(h, t, "tail"), count - body)


@final
@dataclass(frozen=True)
class State:
    """Step counter, parameter and state after a step: real elements of the storage type."""

    t: int
    theta: tuple[float, ...]
    m: tuple[float, ...]
    u: tuple[float, ...]


@cache
def with_flushes(dialect: Dialect, flushes: bool = False) -> Dialect:
    """Return a dialect that preserves subnormal numbers, or that flushes them to zero.

    The corpus expects subnormal results; flushing is an alternative answer, not the expected one.
    """
    return dialect if dialect.flushes is flushes else replace(dialect, flushes=flushes)


def plain(dialect: Dialect, profile: str) -> Dialect | None:
    """Return the variant that needs no fused multiply-add, or None where the dialect has none of that name.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> plain(get("torch"), "f32").name, plain(get("paper"), "f32").name
    ('torch/unfused', 'paper')
    """
    recipe = dialect.recipe(dialect.defaults, profile)
    if all(operation.name != "fma" for operation in recipe.operations):
        return dialect
    return dialect.variants.get("unfused")


def canonical(dialect: Dialect, profile: str) -> Rule:
    """Return the rule of a dialect: its own recipe, with powers of beta1 correctly rounded."""
    return Rule(dialect, profile)


def start(case: Case) -> State:
    """Return the state before the first step.

    Raises
    ------
    ValueError
        When a pattern is malformed.
    """
    init, form = case.init, case.form
    return State(init.t, decode(init.theta, form), decode(init.m, form), decode(init.u, form))


def step(rule: Rule, state: State, grad: Sequence[float], h: Hyperparameters) -> State:
    """Carry every element through one step."""
    rows = zip(state.theta, grad, state.m, state.u, strict=True)
    results = [
        run(recipe, *row, scalars) for (recipe, scalars), row in zip(rule.per_element(h, state.t + 1, len(grad)), rows, strict=True)
    ]
    theta, m, u = (tuple(column) for column in zip(*results, strict=True)) if results else ((), (), ())
    return State(state.t + 1, theta, m, u)


def trajectory(rule: Rule, case: Case) -> Iterator[State]:
    """Yield the state after each step of a case; a skipped step changes nothing."""
    state = start(case)
    for item in case.steps:
        if item.grad is not None:
            state = step(rule, state, decode(item.grad, case.form), case.hyper.at(item))
        yield state


def reported(rule: Rule, case: Case) -> list[State]:
    """Return the states after the steps that a case reports."""
    reported_steps = set(case.report)
    return [state for number, state in enumerate(trajectory(rule, case), 1) if number in reported_steps]
