"""Twenty steps beside torch's for-loop: every configuration, every size, strided or not, on one thread and on two."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.optimizer.tensors import lend

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
    torch: ModuleType, same: Callable[[Any, Any], bool], sizes: tuple[int, ...], kinds: tuple[str, ...], options: dict[str, Any]
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
        twins.append(Parameter(lend(twin)))
    theirs = torch.optim.Adamax(params, **{"foreach": False, **options})
    ours = Adamax(twins, **options)
    for step in range(STEPS):
        for at, (p, twin) in enumerate(zip(params, twins, strict=True)):
            p.grad = _gradient(torch, p, at, step, draw)
            twin.grad = None if p.grad is None else lend(p.grad)
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
