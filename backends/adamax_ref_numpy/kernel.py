"""A recipe as a list of ufunc calls, and the walk over an array in blocks.

The walk is one :class:`numpy.nditer`: it finds the best order of the axes, hands out pieces that lie in memory as they
are, and copies to and from a buffer only what has another type, byte order, alignment or stride. All calls on a block
are made before the next block is fetched, so everything but the first read and the last write happens in the cache.
Ufuncs run without the interpreter's lock, so several threads can walk, each through ranges of its own.
"""

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, final

import numpy as np

from adamax_ref.backend import Arrays, Kernel
from adamax_ref.guards import require_gradual_underflow
from adamax_ref.law.recipe import INPUTS, Recipe
from adamax_ref.memory import STORED, require_alike, require_apart, require_updatable
from adamax_ref.threads import num_threads, share, taken

from .fma import Block, Provider
from .operations import Into, operations_for

BLOCK_BYTES = 131072
"""Size of a block of one operand. With four operands, two pieces of scratch and two constants a step stays within 1 MiB
of cache, and with the iterator's buffers two threads need less than 2 MiB; smaller blocks cost calls."""

RANGE = 1 << 18
"""Elements that a thread takes at a time: eight blocks of float32, so that making an iterator costs nothing beside them."""

_FLAGS: Sequence[Any] = ("external_loop", "buffered", "delay_bufalloc", "zerosize_ok", "ranged")
_WRITE: Sequence[Any] = ("readwrite", "aligned")
_READ: Sequence[Any] = ("readonly", "aligned")
_ACCESS = (_WRITE, _READ, _WRITE, _WRITE)

Job = tuple[Any, Any, Any, Any, tuple[float, ...]]


def kernel_for(recipe: Recipe, provider: Provider | None) -> Kernel:
    """Return the kernel that runs `recipe` in place."""
    idle: list[_Program] = []  # a thread takes one and gives it back, so that two never share scratch

    def kernel(ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Sequence[tuple[float, ...]]) -> Any:
        require_gradual_underflow()
        jobs = list(zip(ps, gs, ms, us, constants, strict=True))
        _check(recipe.storage, jobs)
        ranges = list(chain.from_iterable(map(_ranges, reversed(jobs))))

        def work() -> None:
            program = next(taken(idle), None) or _Program(recipe, provider)
            with np.errstate(all="ignore"):
                for job, begin, end in taken(ranges):
                    program.load(job[4])
                    _walk(program, job[:4], begin, end)
            idle.append(program)

        threads = min(num_threads(), sum(p.size for p in ps) // RANGE)
        share(work, threads) if threads > 1 else work()
        return ps, ms, us

    return kernel


def _check(storage: str, jobs: Sequence[Job]) -> None:
    """Refuse buffers that do not belong together or cannot be written, before anything is written."""
    for p, g, m, u, _ in jobs:
        require_alike(storage, p, g, m, u)
        for array in (p, m, u):
            require_updatable(array)
    require_apart([array for p, _, m, u, _ in jobs for array in (p, m, u)], [g for _, g, *_ in jobs])


def _ranges(job: Job) -> list[tuple[Job, int, int]]:
    """Cut an array into ranges of the iteration over it, the last one first."""
    size = job[0].size
    return [(job, begin, min(begin + RANGE, size)) for begin in reversed(range(0, size, RANGE))]


@final
class _Program:
    """The calls of a recipe, their constants and their scratch."""

    __slots__ = ("_constants", "_given", "_wide", "blocks", "calls", "copies", "dtype", "size")

    def __init__(self, recipe: Recipe, provider: Provider | None) -> None:
        self.dtype = np.dtype(STORED[recipe.working])
        self.size = BLOCK_BYTES // self.dtype.itemsize
        table = operations_for(recipe, self.dtype, self.size, provider)
        placement, count = recipe.placement(), len(recipe.leaves)
        place = [INPUTS.index(target) if isinstance(target, str) else count + target for target in placement.targets]
        slots = [*range(count), *place]
        wide = _wide(recipe) if provider is not None and provider.kind == "hardware" else []
        wider = {value: count + placement.scratch + at for at, value in enumerate(wide)}
        self.calls: list[tuple[Into, itemgetter[Any], int]] = []
        for operation, target in zip(recipe.operations, place, strict=True):
            args = [wider.get(arg, slots[arg]) if operation.name == "fma" else slots[arg] for arg in operation.args]
            chosen = itemgetter(*args) if len(args) > 1 else itemgetter(slice(args[0], args[0] + 1))  # several, in either case
            self.calls.append((table[operation.name], chosen, target))
        self.copies = [(INPUTS.index(name), slots[value]) for name, value in placement.copies]
        self.blocks = [np.empty(self.size, self.dtype) for _ in range(placement.scratch + len(wide))]
        self._wide = [(self.blocks[placement.scratch + at], value - len(INPUTS)) for at, value in enumerate(wide)]
        self._given: tuple[float, ...] | None = None
        self._constants: list[Any] = []

    def load(self, constants: tuple[float, ...]) -> None:
        """Take over the constants of the array that follows."""
        if constants is not self._given:
            self._given, self._constants = constants, [self.dtype.type(constant) for constant in constants]
            for block, at in self._wide:
                block.fill(constants[at])

    def run(self, block: Sequence[Block]) -> None:
        """Run all calls on one block."""
        count = block[0].size
        own = self.blocks if count == self.size else [buffer[:count] for buffer in self.blocks]
        values = [*block, *self._constants, *own]
        for function, operands, target in self.calls:
            function(*operands(values), out=values[target])
        for target, value in self.copies:
            np.copyto(values[target], values[value])


def _wide(recipe: Recipe) -> list[int]:
    """Return the constants that enter a fused multiply-add, whose loop is twice as fast on blocks as on a scalar."""
    operands = {arg for operation in recipe.operations if operation.name == "fma" for arg in operation.args}
    return sorted(arg for arg in operands if len(INPUTS) <= arg < len(recipe.leaves))


def _walk(program: _Program, operands: Sequence[Any], begin: int, end: int) -> None:
    """Step a range of one array, block by block."""
    with np.nditer(
        list(operands),
        flags=_FLAGS,
        op_flags=_ACCESS,
        op_dtypes=[program.dtype] * len(operands),
        casting="same_kind",
        buffersize=program.size,
    ) as blocks:
        blocks.iterrange = (begin, end)  # type: ignore[misc] # NumPy's stubs take it for read-only
        blocks.reset()
        for block in blocks:
            program.run(block)
