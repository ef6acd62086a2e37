"""What is wrong is caught, and the first difference is named."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from adamax_ref.backend import Kernel, get_backend
from adamax_ref.conformance.run import run
from adamax_ref.conformance.target import Target
from adamax_ref.conformance.targets import open_target
from adamax_ref.dialects import get
from adamax_ref.golden.load import open_corpus
from adamax_ref.recipe.operations import fma, maximum, store
from adamax_ref.recipe.recipe import Operation, Recipe
from adamax_ref.reports.terminal import lines


def eps_in_the_divisor(p: Any, g: Any, m: Any, u: Any, c: Any) -> tuple[Any, Any, Any]:
    """Do torch's update with epsilon beside the norm instead of in it."""
    g = -g if c.maximize else g
    g = store(fma(p, c.decay, g)) if c.decaying else g
    toward = g - m
    m = store(fma(c.minus_beta1, toward, g) if c.far else fma(c.weight, toward, m))
    u = maximum(store(u * c.beta2), store(abs(g)))
    return store(p + (c.minus_rate * m) / (u + c.eps)), m, u


def test_a_dialect_with_eps_in_the_divisor_is_caught_at_the_first_norm(rule_target: Any) -> None:
    wrong = replace(get("torch"), update=eps_in_the_divisor)
    judged = run(rule_target(wrong), open_corpus(), "torch", "f32")
    assert (judged.verdict.text, judged.verdict.exit) == ("NOT CONFORMANT", 1)
    case = next(each for each in judged.verdict.cases if each.case.id == "torch/f32/eps/quarter")
    assert case.status == "failed"
    assert case.first is not None
    assert (case.first.step, case.first.quantity, case.first.index) == (1, "u", 0)
    assert (case.first.got, case.first.want) == ("3e000000", "3ec00000")  # 1/8 where 1/8 + 1/4 was wanted
    assert case.first.ulps == 0x3EC00000 - 0x3E000000
    text = "\n".join(lines(judged))
    assert "verdict NOT CONFORMANT" in text
    assert "u[0]" in text


def test_the_right_dialect_under_the_same_harness_is_exact(rule_target: Any) -> None:
    assert run(rule_target(get("torch")), open_corpus(), "torch", "f32").verdict.text == "EXACT"


def divide_first(recipe: Recipe) -> Recipe:
    """Turn ``(rate * m) / u`` into ``rate * (m / u)``: the last product and the quotient change places."""
    at = next(i for i, operation in enumerate(recipe.operations) if operation.name == "div")
    count = len(recipe.leaves)
    dividend, divisor = recipe.operations[at].args
    rate, m = recipe.operations[dividend - count].args
    changed = list(recipe.operations)
    changed[dividend - count], changed[at] = Operation("div", (m, divisor)), Operation("mul", (rate, dividend))
    return replace(recipe, operations=tuple(changed))


def old_norm(recipe: Recipe) -> Recipe:
    """Divide by the norm from before the step, as a kernel does that updates the parameter first."""
    changed = [
        Operation("div", (operation.args[0], recipe.leaves.index("u"))) if operation.name == "div" else operation
        for operation in recipe.operations
    ]
    return replace(recipe, operations=tuple(changed))


def numpy_with(monkeypatch: pytest.MonkeyPatch, change: Any) -> Target:
    """Return the NumPy engine with every recipe changed before it is compiled."""
    backend = get_backend("numpy")
    honest = backend.compile

    def compile(self: Any, recipe: Recipe) -> Kernel:
        return honest(change(recipe))

    monkeypatch.setattr(type(backend), "compile", compile)
    return open_target("backend:numpy")


@pytest.mark.parametrize("profile", ["f32", "f64"])
def test_an_engine_with_one_operation_reordered_is_not_exact_and_the_recipe_is_named(
    monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    judged = run(numpy_with(monkeypatch, divide_first), open_corpus(), "torch", profile)
    assert judged.verdict.text.startswith("NAMED ")
    assert "final=F2" in (judged.verdict.recipe or "")
    first = judged.verdict.first
    assert first is not None
    assert first.first is not None
    assert first.first.quantity == "theta"
    assert first.first.got != first.first.want
    assert first.first.ulps is not None and first.first.ulps >= 1
    assert any(line.startswith("bits ") for line in lines(judged))


def test_an_engine_that_divides_by_the_old_norm_does_not_conform(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = run(numpy_with(monkeypatch, old_norm), open_corpus(), "torch", "f32")
    assert judged.verdict.exit == 1
    first = judged.verdict.first
    assert first is not None
    assert first.first is not None
    assert (first.first.step, first.first.quantity) == (1, "theta")


def _mutants() -> Sequence[tuple[str, str]]:
    return (("beta2", "weight"), ("weight", "beta2"), ("eps", "weight"))


@pytest.mark.parametrize(("old", "new"), _mutants())
def test_exchanged_constants_are_caught(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    def change(recipe: Recipe) -> Recipe:
        number = {name: at for at, name in enumerate(recipe.leaves)}
        swap = {number[old]: number[new]} if old in number and new in number else {}
        changed = (Operation(o.name, tuple(swap.get(arg, arg) for arg in o.args)) for o in recipe.operations)
        return replace(recipe, operations=tuple(changed))

    assert run(numpy_with(monkeypatch, change), open_corpus(), "torch", "f32").verdict.text == "NOT CONFORMANT"
