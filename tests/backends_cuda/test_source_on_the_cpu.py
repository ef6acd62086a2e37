"""The CUDA C of every recipe, compiled by a C++ compiler and run on the CPU: the NumPy engine's bits.

What this cannot show stands in the shim; the audit of PTX shows that.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import get_backend
from adamax_ref.conformance.run import pairs, run
from adamax_ref.conformance.targets.backend import BackendTarget
from adamax_ref.dialects import get
from adamax_ref.golden.load import open_corpus
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.profile import FORMATS, Format
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cupy.source import kernel_source

Array = np.ndarray[Any, Any]
RECIPES = every_recipe()


def hard_values(form: Format) -> list[float]:
    """Return both zeros, the ends of the subnormal and normal ranges, ordinary numbers, infinities, NaN."""
    tiny, small, large = form.smallest, form.smallest_normal, form.largest
    signed = [0.0, tiny, small, large, 1.0, np.inf]
    return [*signed, *(-x for x in signed), small - tiny, form.round(1e-8), form.round(0.1), 3.5, np.nan]


def operands(form: Format, dtype: np.dtype[Any]) -> tuple[Array, Array, Array, Array]:
    """Return all combinations of hard values (u has no sign), normal numbers, and random bit patterns."""
    values = np.array(hard_values(form))
    grid = np.meshgrid(values, values, values, values[~np.signbit(values)], indexing="ij")
    rng = np.random.default_rng(7)
    normals = rng.standard_normal((4, 2000))
    patterns = rng.integers(0, 1 << form.width, (4, 4000), dtype=np.uint64).astype(f"u{form.width // 8}").view(dtype)
    with np.errstate(all="ignore"):
        p, g, m, u = (np.concatenate([grid[k].ravel().astype(dtype), normals[k].astype(dtype), patterns[k]]) for k in range(4))
        return p, g, m, np.abs(u)


def constants_for(recipe: Recipe, seed: int) -> tuple[float, ...]:
    """Return arbitrary constants of the working type, with the signs that the recipe's names give them."""
    sizes = np.random.default_rng(seed).uniform(0.001, 1, len(recipe.constants))
    signed = [-size if name.startswith("minus") else size for name, size in zip(recipe.constants, sizes, strict=True)]
    return tuple(recipe.working_format.round(float(x)) for x in signed)


@pytest.fixture(scope="module")
def prepared(dtype_of: Callable[[Recipe], np.dtype[Any]]) -> dict[str, tuple[Array, Array, Array, Array]]:
    return {storage: operands(FORMATS[storage], dtype_of(next(r for r in RECIPES if r.storage == storage))) for storage in FORMATS}


def test_every_recipe_gives_the_bits_of_numpy_on_hard_values(
    full_backend: Any, lent: Any, prepared: dict[str, Any], same: Callable[[Array, Array], bool], tell: Callable[[str], None]
) -> None:
    elements, wrong = 0, []
    for seed, (recipe, origin) in enumerate(RECIPES.items()):
        given = prepared[recipe.storage]
        constants = [constants_for(recipe, seed)]
        want = [array.copy() for array in given]
        numpy_kernel: Any = partial(get_backend("numpy").step, recipe)
        numpy_kernel(*([array] for array in want), constants)
        got = [array.copy() for array in given]
        full_backend.step(recipe, *([lent(array)] for array in got), constants)
        elements += given[0].size
        if not all(same(mine, theirs) for mine, theirs in zip(got, want, strict=True)):
            wrong.append(origin)
    tell(f"CUDA C on the CPU: {len(RECIPES)} recipes, {elements} elements against NumPy, {len(wrong)} recipes differ")
    assert not wrong


def test_the_whole_core_corpus_is_exact(full_backend: Any, tell: Callable[[str], None]) -> None:
    target, corpus = BackendTarget(full_backend), open_corpus()
    cases = 0
    for dialect, profile in pairs(target, corpus):
        done: list[Any] = []
        verdict = run(target, corpus, dialect, profile, done=done.append).verdict
        wrong = next((each for each in verdict.cases if each.status not in ("exact", "refused-ok", "untested")), None)
        assert verdict.text.startswith("EXACT"), (dialect, profile, wrong)
        cases += len(done)
    tell(f"CUDA C on the CPU: {cases} cases of the core corpus, all exact")
    assert cases > 100


def test_an_unfused_product_is_noticed(compile_host: Any, host_engine: Any, lent: Any, same: Any, prepared: dict[str, Any]) -> None:
    recipe = get("torch").recipe(get("torch").defaults, "f32")
    fused = "__fmaf_rn(r_weight, r_v1, r_m)"
    source = kernel_source(recipe)
    assert source.count(fused) == 1
    library = compile_host(source.replace(fused, "__fadd_rn(__fmul_rn(r_weight, r_v1), r_m)"))
    planted = host_engine(lambda recipe: library)
    want, got = ([array.copy() for array in prepared["binary32"]] for _ in range(2))
    numpy_kernel: Any = partial(get_backend("numpy").step, recipe)
    numpy_kernel(*([array] for array in want), [constants_for(recipe, 1)])
    planted.step(recipe, *([lent(array)] for array in got), [constants_for(recipe, 1)])
    assert not same(got[2], want[2])
