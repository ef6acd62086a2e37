"""Tracing: what a dialect does is written down once, and everything printed or run from it agrees."""

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.dialects import get, names
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, greater, maximum, store
from adamax_ref.recipe.profile import PROFILES, Unrounded
from adamax_ref.recipe.recipe import INPUTS, OUTPUTS, Recipe
from adamax_ref.recipe.trace import trace

EXACT: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "fma": fma,
    "neg": operator.neg,
    "abs": abs,
    "max": maximum,
    "greater": greater,
    "round": lambda x: x,
    "flush": lambda x: x,
}

FLAGS = [
    Hyperparameters(),
    Hyperparameters(weight_decay=0.1),
    Hyperparameters(maximize=True),
    Hyperparameters(weight_decay=0.1, maximize=True, beta1=0.3),
]


def recipes() -> list[Recipe]:
    found = {get("torch").recipe(h, profile) for h in FLAGS for profile in ("f64", "f32", "f16", "bf16")}
    return sorted(found | {get("paper").recipe(get("paper").defaults, "f32")}, key=str)


@pytest.mark.parametrize("name", names())
def test_equal_conditions_give_the_same_recipe_object(name: str) -> None:
    dialect = get(name)
    for profile in dialect.profiles:
        again = dialect.recipe(dialect.defaults, profile)
        assert dialect.recipe(dialect.defaults, profile) is again


def test_a_flag_adds_exactly_its_operations() -> None:
    plain, decay, climb = (get("torch").recipe(h, "f32") for h in FLAGS[:3])
    count = [sorted(operation.name for operation in recipe.operations) for recipe in (plain, decay, climb)]
    assert sorted([*count[0], "fma"]) == count[1]
    assert sorted([*count[0], "neg"]) == count[2]
    assert "decay" not in plain.constants and "decay" in decay.constants


def test_storing_vanishes_where_storage_and_working_type_agree() -> None:
    recipe = get("torch").recipe(Hyperparameters(), "f64")
    assert all(operation.name != "round" for operation in recipe.operations)
    assert sum(operation.name == "round" for operation in get("torch").recipe(Hyperparameters(), "f16").operations) == 4


def test_what_an_update_returns_is_stored_once_even_where_it_does_not_say_so() -> None:
    def forgets(p: Any, g: Any, m: Any, u: Any, c: Any) -> Any:
        return p - c.lr * g, -m, maximum(u, store(abs(g) + c.eps))

    recipe = trace(forgets, ["lr", "eps"], {}, PROFILES["bf16"])
    assert [operation.name for operation in recipe.operations] == ["mul", "sub", "neg", "abs", "add", "round", "max", "round"]
    assert recipe.names[recipe.outputs[0]] == "p_new" and recipe.operations[-1].args == (len(recipe.leaves) + 1,)
    assert all(operation.name != "round" for operation in trace(forgets, ["lr", "eps"], {}, PROFILES["f32"]).operations)


def test_a_flushing_dialect_flushes_its_inputs_and_every_rounded_result() -> None:
    recipe = trace(
        get("torch").update, get("torch").constants(Hyperparameters(), 1, Unrounded()), _conditions(), PROFILES["f32"], True
    )
    rounded = [operation for operation in recipe.operations if operation.name in ("add", "sub", "mul", "div", "fma")]
    flushed = [operation for operation in recipe.operations if operation.name == "flush"]
    assert len(flushed) == len(rounded) + len(INPUTS)


def _conditions() -> dict[str, bool]:
    return {"decaying": False, "maximize": False, "far": False}


def test_literals_and_branches_on_values_are_refused() -> None:
    with pytest.raises(TypeError, match=r"no literal numbers, found 2 in mul"):
        trace(lambda p, g, m, u, c: (p * 2, m, u), [], {}, PROFILES["f32"])
    with pytest.raises(TypeError, match="cannot branch on a value"):
        trace(lambda p, g, m, u, c: (p if g > m else g, m, u), [], {}, PROFILES["f32"])


def test_what_no_output_needs_is_left_out() -> None:
    recipe = trace(lambda p, g, m, u, c: (p + (g * c.a if g * c.b is not None else g), m, u), ["a", "b"], {}, PROFILES["f32"])
    assert recipe.constants == ("a",)
    assert [operation.name for operation in recipe.operations] == ["mul", "add"]


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: f"{recipe.storage}-{len(recipe.operations)}")
def test_the_printed_source_computes_what_the_recipe_computes(recipe: Recipe) -> None:
    templates = {
        "add": "{0} + {1}",
        "sub": "{0} - {1}",
        "mul": "{0} * {1}",
        "div": "{0} / {1}",
        "fma": "fma({0}, {1}, {2})",
        "neg": "-{0}",
        "abs": "abs({0})",
        "max": "maximum({0}, {1})",
        "greater": "greater({0}, {1})",
        "round": "store({0})",
    }
    values = {name: Fraction(at + 2, 7) for at, name in enumerate(recipe.leaves)}
    scope: dict[str, Any] = {"fma": fma, "maximum": maximum, "greater": greater, "store": store, **values}
    for name, expression in recipe.lines(templates):
        scope[name] = eval(expression, scope)
    printed = tuple(scope[recipe.names[value]] for value in recipe.outputs)
    assert printed == recipe.evaluate(EXACT, values)


def run_in_place(recipe: Recipe, values: dict[str, Fraction]) -> tuple[Any, ...]:
    """Follow the placement literally, with one slot a buffer, as an engine with `out=` would."""
    plan = recipe.placement()
    slots: dict[str | int, Any] = {name: value for name, value in values.items()}
    where: list[str | int] = list(recipe.leaves)
    for operation, target in zip(recipe.operations, plan.targets, strict=True):
        slots[target] = EXACT[operation.name](*(slots[where[arg]] for arg in operation.args))
        where.append(target)
    for name, value in plan.copies:
        slots[name] = slots[where[value]]
    return tuple(slots[name] for name in OUTPUTS)


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: f"{recipe.storage}-{len(recipe.operations)}")
def test_sharing_buffers_changes_nothing(recipe: Recipe) -> None:
    values = {name: Fraction(at + 2, 7) for at, name in enumerate(recipe.leaves)}
    assert run_in_place(recipe, values) == recipe.evaluate(EXACT, values)


@given(
    st.lists(st.tuples(st.sampled_from(["add", "sub", "mul", "max"]), st.integers(0, 99), st.integers(0, 99)), max_size=15),
    st.data(),
)
@settings(max_examples=400, deadline=None)
def test_sharing_buffers_changes_nothing_in_random_recipes(steps: list[tuple[str, int, int]], data: st.DataObject) -> None:
    def update(p: Any, g: Any, m: Any, u: Any, c: Any) -> tuple[Any, Any, Any]:
        pool = [p, g, m, u, c.k]
        for name, a, b in steps:
            pool.append(EXACT[name](pool[a % len(pool)], pool[b % len(pool)]))
        outputs = [data.draw(st.sampled_from([*pool[5:], given])) for given in (p, m, u)]
        return outputs[0], outputs[1], outputs[2]

    recipe = trace(update, ["k"], {}, PROFILES["f64"])
    values = {name: Fraction(2 * at + 3, 7) for at, name in enumerate(recipe.leaves)}
    assert run_in_place(recipe, values) == recipe.evaluate(EXACT, values)


def test_recipes_are_values() -> None:
    one = get("torch").recipe(Hyperparameters(), "f32")
    same = trace(get("torch").update, get("torch").constants(Hyperparameters(), 1, Unrounded()), _conditions(), PROFILES["f32"])
    assert one == same and hash(one) == hash(same) and one is not same
    assert one != get("torch").recipe(Hyperparameters(), "f64")


@pytest.mark.parametrize("name", names())
def test_text_and_latex_name_every_output(name: str) -> None:
    recipe = get(name).recipe(get(name).defaults, get(name).profiles[0])
    assert str(recipe).count("\n") == len(recipe.operations)
    for symbol in (r"\theta_t &=", "m_t &=", "u_t &="):
        assert symbol in recipe.latex()
    assert recipe.latex() in recipe._repr_latex_()


def test_a_stepwise_trace_rounds_every_operation_to_the_storage_type() -> None:
    def update(p: Any, g: Any, m: Any, u: Any, c: Any) -> tuple[Any, Any, Any]:
        return p - c.lr * g, -m, u

    stepwise = trace(update, ["lr"], {}, PROFILES["f16"], stepwise=True)
    assert [operation.name for operation in stepwise.operations] == ["mul", "round", "sub", "round", "neg"]
    assert trace(update, ["lr"], {}, PROFILES["f32"], stepwise=True) == trace(update, ["lr"], {}, PROFILES["f32"])
