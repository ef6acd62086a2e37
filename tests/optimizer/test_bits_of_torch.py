"""Twenty steps beside torch's for-loop: every configuration, every size, strided or not, on one thread and on two."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.optimizer.tensors import host_view

pytestmark = pytest.mark.frameworks

STEPS = 20
SIZES = (*range(1, 71), 100_003)
CONFIGURATIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "default": (("float32", "float64"), {}),
    "lr": (("float32", "float64"), {"lr": 0.1}),
    "decay": (("float32", "float64"), {"weight_decay": 0.1}),
    "maximize": (("float32", "float64"), {"maximize": True}),
    "maximize with decay": (("float32", "float64"), {"maximize": True, "weight_decay": 0.1}),
    "lr and full decay": (("float32", "float64"), {"lr": 0.1, "weight_decay": 1}),
    "complex": (("complex64", "complex128"), {}),
    "complex with decay": (("complex64", "complex128"), {"weight_decay": 0.1, "maximize": True}),
    "half": (("float16",), {"eps": 1e-6}),
    "bfloat16": (("bfloat16",), {}),
    "the other lerp": (("float32", "float64"), {"betas": (0.3, 0.999), "weight_decay": 0.1}),
    "the other lerp, 16 bits": (("float16", "bfloat16"), {"betas": (0.5, 0.9), "eps": 1e-3}),
    "foreach": (("float32", "float64"), {"foreach": True}),
    "mixed": (("float32", "float64", "float16", "bfloat16", "complex64"), {"eps": 1e-3, "lr": 1e-2}),
}
BY_POSITION = {"16 bits with decay": (("float16", "bfloat16"), {"weight_decay": 0.1, "eps": 1e-6})}
"""Where torch treats elements by position; its threads move the positions, so these run on one."""


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest, peer: Callable[[str], ModuleType]) -> Iterator[int]:
    """Set the number of threads torch computes with."""
    torch = peer("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


FEW = (31, 32, 33, 70, 100_003)
"""Torch shares work between threads from 32768 elements on; the short ones only keep the long one company."""


def _tensors(
    torch: ModuleType, sizes: tuple[int, ...], kinds: tuple[str, ...], draw: Callable[[tuple[int, ...]], Any]
) -> list[Any]:
    """Return tensors of all sizes and layouts, filled with `draw`."""
    made = []
    for kind in kinds:
        dtype = getattr(torch, kind)
        for size in sizes:
            made.append(draw((size,)).to(dtype))
            made.append(draw((2 * size,)).to(dtype)[::2])
        made.append(draw(()).to(dtype))
        made.append(draw((0, 3)).to(dtype))
        made.append(draw((37, 41)).to(dtype).t())
        made.append(draw((4, 90)).to(dtype)[:, :67])
        made.append(draw((2, 3, 5, 7)).to(dtype).contiguous(memory_format=torch.channels_last))
    return made


def _gradient(torch: ModuleType, p: Any, at: int, step: int, draw: Callable[[tuple[int, ...]], Any]) -> Any:
    """Return a gradient laid out like the parameter: None now and then, and while a layer is frozen."""
    if (at + step) % 7 == 3 or (at % 10 == 0 and 5 <= step < 9):
        return None
    grad = torch.empty_like(p)
    if p.ndim == 1 and p.stride() != (1,) and p.numel() > 1:
        grad = torch.empty(2 * p.numel(), dtype=p.dtype)[::2]
    return grad.copy_(draw(tuple(p.shape)))


def _run(
    torch: ModuleType,
    same: Callable[[Any, Any], bool],
    sizes: tuple[int, ...],
    kinds: tuple[str, ...],
    options: dict[str, Any],
    dialect: str = "torch",
) -> None:
    random = torch.Generator().manual_seed(3)

    def draw(shape: tuple[int, ...]) -> Any:
        values = torch.randn(shape, generator=random, dtype=torch.float64)
        return torch.complex(values, torch.randn(shape, generator=random, dtype=torch.float64)) if complex_values else values

    complex_values = kinds[0].startswith("complex")
    params = _tensors(torch, sizes, kinds, draw)
    twins = []
    for p in params:
        twin = torch.empty_strided(p.shape, p.stride(), dtype=p.dtype).copy_(p)
        twins.append(Parameter(host_view(twin)))
    theirs = torch.optim.Adamax(params, **{"foreach": False, **options})
    ours = Adamax(twins, **options, dialect=dialect)
    for step in range(STEPS):
        for at, (p, twin) in enumerate(zip(params, twins, strict=True)):
            p.grad = _gradient(torch, p, at, step, draw)
            twin.grad = None if p.grad is None else host_view(p.grad)
        theirs.step()
        ours.step()
    for p, twin in zip(params, twins, strict=True):
        where = f"{p.dtype}, shape {tuple(p.shape)}, strides {p.stride()}"
        assert same(twin.data, p), f"p differs: {where}"
        assert same(ours.state[twin]["exp_avg"], theirs.state[p]["exp_avg"]), f"exp_avg differs: {where}"
        assert same(ours.state[twin]["exp_inf"], theirs.state[p]["exp_inf"]), f"exp_inf differs: {where}"
        assert ours.state[twin]["step"] == theirs.state[p]["step"].item()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_has_the_bits_of_torch(
    peer: Callable[[str], ModuleType], same: Callable[[Any, Any], bool], threads: int, name: str
) -> None:
    _run(peer("torch"), same, SIZES if threads == 1 else FEW, *CONFIGURATIONS[name])


TENSOR_RATES = {
    "float64": (("float32", "float64"), "float64", {}, "torch"),
    "float32, foreach": (("float32", "float64"), "float32", {"foreach": True}, "torch"),
    "float32": (("float32", "float64"), "float32", {}, "torch/tensor-lr"),
    "float32, complex": (("complex64",), "float32", {}, "torch/tensor-lr"),
}
"""Types of parameters and of the learning rate, options, and the dialect with torch's bits: where the loop meets float32, a
variant."""


@pytest.mark.parametrize("name", TENSOR_RATES)
def test_a_tensor_as_learning_rate_has_the_bits_of_torch(
    peer: Callable[[str], ModuleType], same: Callable[[Any, Any], bool], threads: int, name: str
) -> None:
    torch = peer("torch")
    kinds, of_rate, options, dialect = TENSOR_RATES[name]
    lr = torch.tensor(0.1, dtype=getattr(torch, of_rate))
    _run(torch, same, SIZES[:-1] if threads == 1 else FEW, kinds, {"lr": lr, **options}, dialect)


@pytest.mark.parametrize("kind", ["float32", "float64", "complex64"])
def test_torch_disagrees_with_itself_about_a_float32_tensor_as_learning_rate(
    peer: Callable[[str], ModuleType], same: Callable[[Any, Any], bool], kind: str
) -> None:
    """The loop divides it in float32, foreach reads the number first, as we do whatever foreach says."""
    torch = peer("torch")
    start = torch.randn(1000, generator=torch.Generator().manual_seed(8), dtype=getattr(torch, kind))
    grad = start.flip(0)

    def ends(make: Callable[..., Any], **options: Any) -> Any:
        p = start.clone()
        p.grad = grad
        o = make([p], **{"lr": torch.tensor(0.1), **options})
        for _ in range(10):
            o.step()
        return p, o.state[p]["exp_avg"], o.state[p]["exp_inf"]

    loop, batched = (ends(torch.optim.Adamax, foreach=foreach) for foreach in (False, True))
    number = ends(torch.optim.Adamax, foreach=False, lr=torch.tensor(0.1).item())
    for foreach in (False, True):
        assert all(map(same, ends(Adamax, foreach=foreach), batched))
    assert all(map(same, number, batched))
    assert not same(loop[0], batched[0])
    assert all(map(same, loop[1:], batched[1:]))  # the learning rate enters p alone
    assert all(map(same, ends(Adamax, dialect="torch/tensor-lr"), loop))


@pytest.mark.parametrize("name", BY_POSITION)
def test_decay_in_16_bits_follows_the_position_of_each_element(
    peer: Callable[[str], ModuleType], same: Callable[[Any, Any], bool], name: str
) -> None:
    torch = peer("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _run(torch, same, SIZES, *BY_POSITION[name])
    finally:
        torch.set_num_threads(before)


def _ends(torch: ModuleType, kind: str, threads: int = 1, **options: Any) -> Any:
    """Return the norm and the moment after ten of torch's own steps."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        torch.manual_seed(6)
        p = torch.randn(100_003).to(getattr(torch, kind))
        o = torch.optim.Adamax([p], **options)
        for _ in range(10):
            p.grad = torch.randn(100_003).to(p.dtype)
            o.step()
    finally:
        torch.set_num_threads(before)
    return o.state[p]["exp_inf"], o.state[p]["exp_avg"]


def test_torch_disagrees_with_itself_in_float16_between_foreach_and_its_loop(peer: Callable[[str], ModuleType]) -> None:
    """``_foreach_mul_`` rounds beta2 to float16 first, ``mul_`` does not; we are the loop, whatever foreach says."""
    torch = peer("torch")
    loop, batched = (_ends(torch, "float16", foreach=foreach, eps=1e-6)[0] for foreach in (False, True))
    assert 0.001 < (loop != batched).float().mean().item() < 0.5
    loop, batched = (_ends(torch, "bfloat16", foreach=foreach)[0] for foreach in (False, True))
    assert torch.equal(loop, batched)


def test_torch_disagrees_with_itself_about_decay_in_16_bits_between_numbers_of_threads(
    peer: Callable[[str], ModuleType], same: Callable[[Any, Any], bool]
) -> None:
    """Each thread has a tail of its own: the elements behind its last full 32. We are the run on one thread."""
    torch = peer("torch")
    alone, shared = (_ends(torch, "bfloat16", threads, weight_decay=0.3)[1] for threads in (1, 2))
    first = -(-100_003 // 2)
    differing = set(torch.nonzero(alone != shared).flatten().tolist())
    whole = set(range(100_003 // 32 * 32, 100_003))
    tails = {*range(first // 32 * 32, first), *range(first + (100_003 - first) // 32 * 32, 100_003)}
    assert differing <= tails ^ whole
    assert differing
    torch.manual_seed(6)
    p = Parameter(host_view(torch.randn(100_003).to(torch.bfloat16)))
    o = Adamax([p], weight_decay=0.3)
    for _ in range(10):
        p.grad = host_view(torch.randn(100_003).to(torch.bfloat16))
        o.step()
    assert same(o.state[p]["exp_avg"], alone)


def test_a_complex_parameter_with_an_infinite_part_decays_to_nan_in_torch_alone(peer: Callable[[str], ModuleType]) -> None:
    """Torch multiplies by a complex number there, 0 times infinity included; independent parts cannot do so."""
    torch = peer("torch")
    ends = []
    for optimizer in (torch.optim.Adamax, Adamax):
        p = torch.tensor([complex(float("inf"), 1.0)])
        p.grad = torch.tensor([1 + 1j])
        optimizer([p], weight_decay=0.1).step()
        ends.append(p.imag.isnan().item())
    assert ends == [True, False]


def test_a_torch_without_fused_kernels_follows_the_unfused_variant(peer: Callable[[str], ModuleType]) -> None:
    peer("torch")
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": "default"}
    subprocess.run([sys.executable, "-c", UNFUSED], env=environment, check=True, timeout=300)


UNFUSED = """
import numpy as np, torch
from adamax_ref import Adamax, Parameter
from adamax_ref.optimizer.state_dict import to_host
from adamax_ref.exact.compare import assert_bitwise_equal
random = torch.Generator().manual_seed(1)
for kind in (torch.float32, torch.float64, torch.bfloat16, torch.complex64):
    for options in ({}, {"weight_decay": 0.1, "maximize": True}, {"betas": (0.3, 0.9)}):
        p = torch.randn(1001, generator=random, dtype=kind)
        twin = Parameter(to_host(p).copy())
        theirs, ours = torch.optim.Adamax([p], **options), Adamax([twin], **options, dialect="torch/unfused", backend="numpy")
        for _ in range(5):
            p.grad = torch.randn(1001, generator=random, dtype=kind)
            twin.grad = to_host(p.grad).copy()
            theirs.step()
            ours.step()
        assert_bitwise_equal(twin.data, to_host(p), f"{kind} {options}")
"""
