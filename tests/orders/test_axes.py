"""Permitted recipes: canonical ones are among them, they are one function, and few of them stand for all."""

from collections.abc import Hashable
from dataclasses import replace

import pytest

from adamax_ref.dialects import get, names
from adamax_ref.exact.constants import exact_hyper
from adamax_ref.exact.graph import graph_of
from adamax_ref.orders.axes import Axes, assemble, cover, permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY32, Rounding
from adamax_ref.recipe.recipe import INPUTS

FAMILIES = [name for name in names() if get(name).family is not None]
SAMPLES = [(0.002, 0.9, 0.999, 2), (0.01, 0.3, 0.9, 3), (0.3, 0.95, 0.99, 14)]


def hyper(dialect: Dialect, decaying: bool, sample: int = 0) -> Hyperparameters:
    lr, beta1, beta2 = SAMPLES[sample][:3]
    if dialect.name in ("mlx", "keras", "paddle"):  # they pass hyperparameters through binary32
        lr, beta1, beta2 = map(BINARY32.round, (lr, beta1, beta2))
    h = replace(dialect.defaults, lr=lr, beta1=beta1, beta2=beta2, weight_decay=2.0**-6 * 0.75 if decaying else 0.0)
    return exact_hyper(replace(h, eps=2.0**-12) if "eps" in dialect.options else h)


def signature(dialect: Dialect, profile: str, h: Hyperparameters, t: int) -> Hashable:
    """Return what a recipe does, without names of constants, order of commuting operands, and signs that cancel."""
    recipe = replace(dialect, flushes=False).recipe(h, profile)
    made = dialect.constants(h, t, Rounding(recipe.working_format, recipe.storage_format))
    known: list[tuple[int, Hashable]] = [(1, name) for name in INPUTS]
    known += [(-1 if float(made[name]) < 0 else 1, abs(float(made[name]))) for name in recipe.constants]
    for operation in recipe.operations:
        known.append(combined(operation.name, [known[arg] for arg in operation.args]))
    return tuple(known[value] for value in recipe.outputs)


def combined(name: str, args: list[tuple[int, Hashable]]) -> tuple[int, Hashable]:
    signs, nodes = [sign for sign, _ in args], [node for _, node in args]
    if name == "neg":
        return -signs[0], nodes[0]
    if name in ("mul", "div"):
        return signs[0] * signs[1], (name, *(sorted(nodes, key=repr) if name == "mul" else nodes))
    if name in ("add", "sub", "fma"):
        product = (signs[0] * signs[1], ("product", *sorted(nodes[:2], key=repr)))
        terms = [product, args[2]] if name == "fma" else [args[0], (signs[1] * (-1 if name == "sub" else 1), nodes[1])]
        first, second = sorted(terms, key=lambda term: repr(term[1]))
        return first[0], ("sum", first[1], first[0] * second[0], second[1])
    if name == "abs":
        return 1, ("abs", nodes[0])
    if name in ("max", "greater"):
        return 1, (name, *(sorted(args, key=repr) if name == "max" else args))
    return signs[0], (name, nodes[0])


CANONICAL = {
    ("torch", "f32"),
    ("torch", "f64"),
    ("torch", "bf16"),
    ("paper", "f32"),
    ("paper", "f16"),
    ("optax", "f32"),
    ("keras", "f32"),
    ("paddle", "f32"),
    ("mlx", "f64"),
    ("pytorch-optimizer", "f32"),
    ("torchopt", "f32"),
    ("tfjs", "f32"),
    ("tensorflow", "f32"),
}
"""Dialects whose own recipe must be one of the assembled ones."""


@pytest.mark.parametrize(("name", "profile"), sorted(CANONICAL))
def test_a_canonical_recipe_is_structurally_one_of_the_permitted_ones(name: str, profile: str) -> None:
    dialect = get(name)
    assert dialect.family is not None
    for decaying in (False, True)[: 1 + bool(dialect.options & {"l2", "decoupled"})]:
        points = [(hyper(dialect, decaying, sample), SAMPLES[sample][3]) for sample in range(len(SAMPLES))]
        wanted = [signature(dialect, profile, *point) for point in points]
        same = [
            one.name
            for one in permitted(dialect, profile, decaying)
            if all(signature(one, profile, *point) == want for point, want in zip(points, wanted, strict=True))
        ]
        assert same, f"{name} {profile} decaying={decaying} is none of {len(permitted(dialect, profile, decaying))} recipes"


def test_the_signature_tells_recipes_apart_that_differ_in_one_rounding() -> None:
    torch = get("torch")
    points = [(hyper(torch, False, sample), SAMPLES[sample][3]) for sample in range(len(SAMPLES))]
    seen = {tuple(signature(one, "f32", *point) for point in points) for one in permitted(torch, "f32")}
    assert len(seen) == len(permitted(torch, "f32"))


@pytest.mark.parametrize("name", FAMILIES)
def test_all_permitted_recipes_are_one_function_and_the_cover_does_every_operation_of_theirs(name: str) -> None:
    dialect = get(name)
    profile = dialect.profiles[-1] if len(dialect.profiles) == 1 else "f32"
    h = hyper(dialect, decaying=False)
    few, all_of_them = cover(dialect, profile), (dialect, *permitted(dialect, profile))
    small = graph_of(few, [one.recipe(h, profile) for one in few])
    large = graph_of(all_of_them, [one.recipe(h, profile) for one in all_of_them])
    assert {len({graph.nodes[end].value for end in ends}) for graph in (small, large) for ends in graph.outputs} == {1}
    assert len(small.nodes) == len(large.nodes)
    assert sum(len(node.derivations) for node in small.nodes) == sum(len(node.derivations) for node in large.nodes)


def test_a_wrong_formula_is_not_the_same_function() -> None:
    torch = get("torch")
    wrong = replace(torch, update=lambda p, g, m, u, c: (torch.update(p, g, m, u, c)[0] + c.eps, *torch.update(p, g, m, u, c)[1:]))
    recipes = [one.recipe(torch.defaults, "f32") for one in (torch, wrong)]
    graph = graph_of([torch, wrong], recipes)
    assert [len({graph.nodes[end].value for end in ends}) for ends in graph.outputs] == [2, 1, 1]


def test_names_are_unique_and_list_the_axes_that_matter() -> None:
    found = [one.name for one in permitted(get("torch"), "f16", decaying=True)]
    assert len(set(found)) == len(found)
    assert "m=delta2 mfma=fused c1=host bias=host power=exact final=F1 endfma=no decayfma=yes round=kernel scalars=compute" in found
    assert all("round=" not in one.name for one in permitted(get("torch"), "f32"))


def test_a_recipe_is_assembled_once() -> None:
    torch = get("torch")
    assert assemble(torch, Axes(final="F2")) is assemble(torch, Axes(final="F2"))
