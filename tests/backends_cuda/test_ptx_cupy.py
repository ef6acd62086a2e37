"""CuPy's kernels, executed instruction by instruction on the CPU: NumPy's bits; and planted faults that are found."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adamax_ref.dialects import get
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.recipe import INPUTS, Recipe
from adamax_ref_cuda.geometry import CHUNK
from adamax_ref_cupy.compiler import OPTIONS
from adamax_ref_cupy.source import kernel_source
from tests.backends_cuda.ptx.compiled import Compiled, compiled, cupy, from_source
from tests.backends_cuda.ptx.engine import DeviceArray, PtxBackend
from tests.backends_cuda.ptx.explain import culprit
from tests.backends_cuda.ptx.parser import PtxError
from tests.backends_cuda.ptx.sweep import Count, constants_for, corpus, first_wrong, random_bits, step_both, sweep

TORCH = get("torch")
F32 = TORCH.recipe(TORCH.defaults, "f32")
UNFUSED = get("torch/unfused").recipe(TORCH.defaults, "f32")
SINGLE = np.dtype("f4")


@pytest.fixture(scope="module")
def kernels(nvrtc: Any) -> Compiled:
    """Every kernel of the CuPy engine."""
    return compiled(cupy, every_recipe())


@pytest.mark.slow
def test_every_kernel_has_the_bits_of_numpy_on_random_bits_in_every_layout(
    kernels: Compiled, dtype_of: Callable[[Recipe], np.dtype[Any]], counted: Callable[..., None]
) -> None:
    for each in kernels.kernels:
        count = sweep(each.__getitem__, tuple(every_recipe()), dtype_of)
        assert count.wrong == []
        counted("CuPy", "random bits", kernels.machines, count)


@pytest.mark.slow
def test_the_core_corpus_is_exact_through_the_engine(
    kernels: Compiled, known: Callable[..., Any], counted: Callable[..., None]
) -> None:
    for each in kernels.kernels:
        count = corpus(known(PtxBackend(each.__getitem__)))
        assert count.wrong == [] and count.cases > 100
        counted("CuPy", "core corpus", kernels.machines, count)


def contracted(source: str) -> str:
    """Fuse the first product with the sum that takes it, as a compiler does that may."""
    product = re.search(r"(r_\w+) = __fmul_rn\((r_\w+), (r_\w+)\);", source)
    assert product is not None
    value, a, b = product.groups()
    return re.sub(rf"__fadd_rn\((r_\w+), {value}\)|__fadd_rn\({value}, (r_\w+)\)", rf"__fmaf_rn({a}, {b}, \1\2)", source)


ROUNDED_WRONG: dict[str, tuple[Recipe, Callable[[str], str], tuple[str, ...], str]] = {
    "flushing": (F32, str, ("--fmad=false", "--ftz=true"), r"\.ftz\."),
    "contraction": (UNFUSED, contracted, OPTIONS, r"^fma\.rn\.f32$"),
    "an fma taken apart": (
        F32,
        lambda source: source.replace("__fmaf_rn(r_weight, r_v1, r_m)", "__fadd_rn(__fmul_rn(r_weight, r_v1), r_m)"),
        OPTIONS,
        r"^mul\.rn\.f32$",
    ),
    "columns of p and u swapped": (
        F32,
        lambda source: source.replace("at_p = row[0]", "at_p = row[3]").replace("at_u = row[3]", "at_u = row[0]"),
        OPTIONS,
        r"^(mul|sub|add|fma|div)\.rn\.f32$",
    ),
}


@pytest.mark.parametrize("planted", ROUNDED_WRONG)
def test_the_instruction_that_rounds_wrongly_is_named(nvrtc: Any, planted: str) -> None:
    recipe, change, options, opcode = ROUNDED_WRONG[planted]
    source = kernel_source(recipe)
    assert change(source) != source or change is str
    kernel = from_source(change(source), options)
    element, constants = first_wrong(kernel, recipe, SINGLE)
    named = culprit(kernel, recipe, element, constants)
    assert named is not None and re.search(opcode, named.opcode), named


def test_an_operation_that_ptxas_may_contract_is_not_executed(nvrtc: Any) -> None:
    source = re.sub(r"__fsub_rn\((\w+), (\w+)\)", r"(\1 - \2)", kernel_source(F32))
    kernel = from_source(source, ("--fmad=true",))
    with pytest.raises(PtxError, match=r"line \d+: sub\.f32 .*: the instruction sub\.f32 is not known to the interpreter"):
        first_wrong(kernel, F32, SINGLE)


def test_a_right_kernel_has_no_instruction_to_name(nvrtc: Any) -> None:
    kernel, rng = from_source(kernel_source(F32)), np.random.default_rng(1)
    for _ in range(20):
        element = {name: random_bits(SINGLE, 1, rng, signed=name != "u") for name in INPUTS}
        assert culprit(kernel, F32, element, constants_for(F32, rng)) is None


BAD_ACCESS: dict[str, tuple[str, str, str]] = {
    "one element too many in the tail": (
        "for (; at < count;",
        "for (; at <= count;",
        r"ld\.global\.cg\.f32 .*: block \d+, thread \d+: address 0x\w+ (lies outside of every allocation|another thread)",
    ),
    "wide loads where nothing is aligned": (
        "layout == -1",
        "layout < 0",
        r"ld\.global\.cg\.v4\.u32 .*: block \d+, thread \d+: address 0x\w+ is no multiple of its 16 bytes",
    ),
    "columns of g and m swapped": (
        "at_g = row[1], at_m = row[2]",
        "at_g = row[2], at_m = row[1]",
        r"st\.global\.cg\.v4\.u32 .*: block \d+, thread \d+: address 0x\w+ writes to read-only memory",
    ),
    "constants of the next row": (
        "constants[WIDTH * (long long)tensor + k]",
        "constants[WIDTH * (long long)(tensor + 1) + k]",
        r"ld\.global\.f32 .*: block \d+, thread \d+: address 0x\w+ lies outside of every allocation",
    ),
    "strides of the next array": (
        "index * strides[3 * axes + axis]",
        "index * strides[4 * axes + axis]",
        r"ld\.global\.u64 .*: block \d+, thread \d+: address 0x\w+ lies outside of every allocation",
    ),
    "threads that share elements": (
        "for (; at < count; at += THREADS)",
        "for (at /= 2; at < count; at += THREADS / 2)",
        r"(ld|st)\.global\.cg\.f32 .*: block \d+, thread \d+: address 0x\w+ another thread",
    ),
}


@pytest.mark.parametrize("planted", BAD_ACCESS)
def test_the_instruction_that_reaches_what_it_must_not_is_named(nvrtc: Any, planted: str) -> None:
    old, new, words = BAD_ACCESS[planted]
    source = kernel_source(F32)
    assert old in source
    kernel = from_source(source.replace(old, new))
    with pytest.raises(PtxError, match=words) as caught:
        step_both(lambda _: kernel, F32, SINGLE, CHUNK + 77, 1, Count())
    assert re.search(r"adamax_binary32_\w+, line \d+: ", str(caught.value))


def test_an_element_too_few_in_the_tail_is_noticed(nvrtc: Any) -> None:
    kernel = from_source(kernel_source(F32).replace("for (; at < count;", "for (; at < count - 1;"))
    assert not step_both(lambda _: kernel, F32, SINGLE, CHUNK + 77, 1, Count())


def test_a_chunk_that_runs_into_the_next_is_a_race(nvrtc: Any) -> None:
    kernel = from_source(kernel_source(F32).replace("for (; at < count;", "for (; at <= count;"))
    engine: Any = PtxBackend(lambda _: kernel)
    arrays = [[DeviceArray(engine.own_from_host(np.ones(2 * CHUNK + 1, SINGLE)).host[:-1])] for _ in INPUTS]
    with pytest.raises(PtxError, match=r"block 0, thread 0: address 0x\w+ another thread has (written|touched) \(thread 256 "):
        engine.step(F32, *arrays, [TORCH.scalars(TORCH.defaults, 1, F32)])


def test_memory_that_nothing_has_written_is_not_read(nvrtc: Any) -> None:
    engine: Any = PtxBackend(lambda _: from_source(kernel_source(F32)))
    memory, arrays = engine.machine.memory, []
    for name in INPUTS:
        device = memory.allocate(40).view(SINGLE)
        memory.grant(device, initial=name != "m")
        arrays.append([DeviceArray(device)])
    with pytest.raises(PtxError, match=r"ld\.global\.cg\.v4\.u32 .*reads memory that nothing has written"):
        engine.step(F32, *arrays, [TORCH.scalars(TORCH.defaults, 1, F32)])
