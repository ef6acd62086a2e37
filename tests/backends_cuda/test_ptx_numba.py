"""Numba-CUDA's kernels, executed instruction by instruction on the CPU: NumPy's bits; and planted faults that are found.

Compiling takes half a second a kernel, so that by default a sample is executed that has every operation in every format;
with ``--every-kernel``, as in CI, every kernel and the whole core corpus.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from adamax_ref.dialects import get
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.recipe import INPUTS, Recipe
from adamax_ref_cuda.geometry import CHUNK
from tests.backends_cuda.ptx.compiled import Compiled, compiled, numba, sample
from tests.backends_cuda.ptx.engine import PtxBackend
from tests.backends_cuda.ptx.explain import culprit
from tests.backends_cuda.ptx.parser import Kernel, PtxError, parse
from tests.backends_cuda.ptx.sweep import Count, constants_for, corpus, first_wrong, step_both, sweep

TORCH = get("torch")
F32 = TORCH.recipe(TORCH.defaults, "f32")
SINGLE = np.dtype("f4")


@pytest.fixture(scope="module")
def kernels(nvrtc: Any, every_kernel: bool) -> Compiled:
    """Return the kernels of the Numba-CUDA engine: all, or a sample."""
    return compiled(numba, every_recipe() if every_kernel else sample())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kernels_have_the_bits_of_numpy_on_random_bits_in_every_layout(
    kernels: Compiled, dtype_of: Callable[[Recipe], np.dtype[Any]], counted: Callable[..., None], every_kernel: bool
) -> None:
    for each in kernels.kernels:
        count = sweep(each.__getitem__, tuple(each), dtype_of)
        assert count.wrong == []
        counted("Numba-CUDA", "random bits" if every_kernel else "random bits, sample", kernels.machines, count)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_core_corpus_is_exact_through_the_engine(
    kernels: Compiled, known: Callable[..., Any], counted: Callable[..., None], every_kernel: bool
) -> None:
    if not every_kernel:
        pytest.skip("the core corpus needs 62 kernels; --every-kernel compiles them, and CI does")
    for each in kernels.kernels:
        count = corpus(known(PtxBackend(each.__getitem__)))
        assert count.wrong == [] and count.cases > 100
        counted("Numba-CUDA", "core corpus", kernels.machines, count)


@cache
def text() -> str:
    """Return the PTX of torch's recipe in float32."""
    return numba([F32], (9, 0))[F32]


def changed(old: str, new: str, count: int = -1) -> Kernel:
    assert old in text()
    return next(iter(parse(text().replace(old, new, count)).values()))


@pytest.mark.parametrize("opcode", ["sub.rn.f32", "fma.rn.f32", "div.rn.f32"])
def test_an_instruction_that_flushes_is_named(nvrtc: Any, opcode: str) -> None:
    flushing = opcode.replace(".rn", ".rn.ftz")
    kernel = changed(opcode, flushing)
    element, constants = first_wrong(kernel, F32, SINGLE)
    named = culprit(kernel, F32, element, constants)
    assert named is not None and named.opcode == flushing, named


def test_a_right_kernel_has_no_instruction_to_name(nvrtc: Any) -> None:
    kernel, rng = changed("ret;", "ret;"), np.random.default_rng(1)
    for _ in range(20):
        element = {name: np.abs(rng.standard_normal(1)).astype(SINGLE) for name in INPUTS}
        assert culprit(kernel, F32, element, constants_for(F32, rng)) is None


def test_a_wide_load_off_its_boundary_is_named(nvrtc: Any) -> None:
    kernel = changed("setp.ne.s64", "setp.gt.s64", 1)  # `layout != WIDE` becomes `layout > WIDE`
    with pytest.raises(PtxError, match=r"ld\.global\.v4\.f32 .*: block \d+, thread \d+: .* is no multiple of its 16 bytes"):
        step_both(lambda _: kernel, F32, SINGLE, CHUNK + 77, 1, Count())


def test_an_operation_on_a_swapped_column_is_named(nvrtc: Any) -> None:
    first = re.search(r"ld\.global\.u64 \t(%rd\d+), \[(%rd\d+)\+8\];", text())
    assert first is not None
    kernel = changed(first[0], f"ld.global.u64 \t{first[1]}, [{first[2]}+16];")  # g is read where m lies
    element, constants = first_wrong(kernel, F32, SINGLE)
    named = culprit(kernel, F32, element, constants)
    assert named is not None and named.opcode.split(".")[0] in ("add", "sub", "mul", "fma"), named
