"""A recipe as a list of ufunc calls, and the walk over an array in blocks.

The walk is one :class:`numpy.nditer`: it finds the best order of the axes, hands out pieces that lie in memory as they
are, and copies to and from a buffer only what has another type, byte order, alignment or stride. All calls on a block
are made before the next block is fetched, so everything but the first read and the last write happens in the cache.
"""

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from adamax_ref.backend import Arrays, Kernel
from adamax_ref.guards import require_gradual_underflow
from adamax_ref.law.recipe import INPUTS, Recipe
from adamax_ref.memory import STORED, require_alike, require_apart, require_updatable

from .fma import Provider
from .operations import Into, operations_for

BLOCK_BYTES = 131072
"""Size of a block of one operand. With four operands and two pieces of scratch a step stays within 1 MiB of cache;
smaller blocks cost calls, larger ones misses (measured on 16 million elements: 64 KiB to 256 KiB are equally good)."""

_FLAGS: Sequence[Any] = ("external_loop", "buffered", "delay_bufalloc", "zerosize_ok")
_WRITE: Sequence[Any] = ("readwrite", "aligned")
_READ: Sequence[Any] = ("readonly", "aligned")
_ACCESS = (_WRITE, _READ, _WRITE, _WRITE)


def kernel_for(recipe: Recipe, provider: Provider | None) -> Kernel:
    """Return the kernel that runs `recipe` in place."""
    idle: list[_Program] = []  # a call takes one and gives it back, so that two threads never share scratch

    def kernel(ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Sequence[tuple[float, ...]]) -> Any:
        require_gradual_underflow()
        _check(recipe.storage, list(zip(ps, gs, ms, us, constants, strict=True)))
        program = idle.pop() if idle else _Program(recipe, provider)
        with np.errstate(all="ignore"):
            for p, g, m, u, scalars in zip(ps, gs, ms, us, constants, strict=True):
                _walk(program, (p, g, m, u), scalars)
        idle.append(program)
        return ps, ms, us

    return kernel


def _check(storage: str, jobs: Sequence[tuple[Any, ...]]) -> None:
    """Refuse buffers that do not belong together or cannot be written, before anything is written."""
    for p, g, m, u, _ in jobs:
        require_alike(storage, p, g, m, u)
        for array in (p, m, u):
            require_updatable(array)
    require_apart([array for p, _, m, u, _ in jobs for array in (p, m, u)], [g for _, g, *_ in jobs])


@final
class _Program:
    """The calls of a recipe and their scratch."""

    __slots__ = ("calls", "copies", "dtype", "scratch", "size")

    def __init__(self, recipe: Recipe, provider: Provider | None) -> None:
        self.dtype = np.dtype(STORED[recipe.working])
        self.size = BLOCK_BYTES // self.dtype.itemsize
        table = operations_for(recipe, self.dtype, self.size, provider)
        placement, count = recipe.placement(), len(recipe.leaves)
        place = [INPUTS.index(target) if isinstance(target, str) else count + target for target in placement.targets]
        slots = [*range(count), *place]
        self.calls: list[tuple[Into, tuple[int, ...], int]] = [
            (table[operation.name], tuple(slots[arg] for arg in operation.args), target)
            for operation, target in zip(recipe.operations, place, strict=True)
        ]
        self.copies = [(INPUTS.index(name), slots[value]) for name, value in placement.copies]
        self.scratch = [np.empty(self.size, self.dtype) for _ in range(placement.scratch)]

    def run(self, block: Sequence[Any], scalars: Sequence[Any]) -> None:
        """Run all calls on one block."""
        values = [*block, *scalars, *(buffer[: block[0].size] for buffer in self.scratch)]
        for function, args, target in self.calls:
            function(*(values[arg] for arg in args), out=values[target])
        for target, value in self.copies:
            np.copyto(values[target], values[value])


def _walk(program: _Program, operands: Sequence[Any], constants: Sequence[float]) -> None:
    """Step one array, block by block."""
    scalars = [program.dtype.type(constant) for constant in constants]
    with np.nditer(
        list(operands),
        flags=_FLAGS,
        op_flags=_ACCESS,
        op_dtypes=[program.dtype] * len(operands),
        casting="same_kind",
        buffersize=program.size,
    ) as blocks:
        blocks.reset()
        for block in blocks:
            program.run(block, scalars)
