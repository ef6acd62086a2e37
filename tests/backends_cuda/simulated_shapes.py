"""Step arrays of many sizes and strides with the Numba-CUDA engine under the simulator; run as a program.

Prints ``all equal`` when every bit is NumPy's, else what differs.
"""

from typing import Any

import ml_dtypes
import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.geometry import CHUNK
from adamax_ref_numba_cuda import twins
from adamax_ref_numba_cuda.kernel import SIMULATED

DTYPES: dict[str, Any] = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
Array = np.ndarray[Any, Any]


def views(dtype: Any, seed: int) -> list[Array]:
    """Return arrays of awkward sizes, strides and alignments over memory of their own."""
    rng = np.random.default_rng(seed)
    base = [rng.random(n).astype(dtype) for n in (1, 2, 7, 8, 9, 17, 70, 41, 60, 60, 60)]
    return [*base[:7], base[7][1:], base[8][::-3], base[9].reshape(6, 10).T, base[10].reshape(3, 4, 5)[:, ::-2, 1:]]


def differing(profile: str) -> list[str]:
    """Step all views at once, each with constants of its own; name those that differ."""
    torch = get("torch")
    recipe = torch.recipe(torch.defaults, profile)
    constants = [torch.scalars(torch.defaults, t, recipe) for t in range(1, 12)]
    ours, theirs = ([views(DTYPES[profile], seed) for seed in range(4)] for _ in "ab")
    step_both(recipe, ours, theirs, constants)
    pairs = zip(ours, theirs, strict=True)
    return [f"{profile} {at}" for mine, other in pairs for at, (a, b) in enumerate(zip(mine, other, strict=True)) if (a != b).any()]


def step_both(recipe: Recipe, ours: list[list[Array]], theirs: list[list[Array]], constants: list[tuple[float, ...]]) -> None:
    """Step the first arrays with the CUDA engine, the others with NumPy."""
    p, g, m, u = ([numba_array(array) for array in column] for column in ours)
    get_backend("numba-cuda").step(recipe, p, g, m, u, constants)
    p, g, m, u = theirs
    get_backend("numpy").step(recipe, p, g, m, u, constants)


def numba_array(host: Array) -> Any:
    """Return the simulator's device array over this very memory."""
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    return FakeCUDAArray(host)


def chunk_edges() -> list[str]:
    """Step a parameter of several chunks: only the elements near their edges take time to check."""
    torch = get("torch")
    recipe = torch.recipe(torch.defaults, "f16")
    rng = np.random.default_rng(9)
    ours = [rng.random(CHUNK + 3).astype(np.float16) for _ in range(4)]
    theirs = [array.copy() for array in ours]
    constants = [torch.scalars(torch.defaults, 3, recipe)]
    step_both(recipe, [[a] for a in ours], [[a] for a in theirs], constants)
    return [f"chunks {k}" for k in range(4) if ours[k].tobytes() != theirs[k].tobytes()]


def misaligned() -> list[str]:
    """Make sure that a wide access off its boundary fails, or the checks above would not see one."""
    try:
        twins.accessors(*(get("torch").recipe(get("torch").defaults, "f32").storage_format,) * 2)["load_pack"](8)
    except RuntimeError:
        return []
    return ["a misaligned access passed"]


if __name__ == "__main__":
    assert SIMULATED
    wrong = [*(each for profile in DTYPES for each in differing(profile)), *chunk_edges(), *misaligned()]
    print("\n".join(wrong) or "all equal")
