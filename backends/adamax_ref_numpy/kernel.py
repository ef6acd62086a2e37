"""A recipe as a list of ufunc calls, and the walk over an array in blocks.

The walk is one :class:`numpy.nditer`: it finds the best order of the axes, hands out pieces that lie in memory as they
are, and copies to and from a buffer only what has another type, byte order, alignment or stride. All calls on a block
are made before the next block is fetched, so everything but the first read and the last write happens in the cache.
Ufuncs run without the interpreter's lock, so several threads can walk, each through ranges of its own.
"""

from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import Any, final

import numpy as np

from adamax_ref.arrays.memory import STORED
from adamax_ref.backend import Arrays, Constants, Kernel, Prepared, RecipeKernel, require_equally_long
from adamax_ref.guards import require_gradual_underflow
from adamax_ref.recipe.recipe import INPUTS, Recipe
from adamax_ref.threads import num_threads, share, taken

from .fma import Block, Provider
from .operations import Into, operations_for, scratch_of

RANGE = 1 << 18
"""Elements that a thread takes at a time, in whole blocks, so that making an iterator costs nothing beside them."""

_BYTES = {"hardware": 960 << 10, "emulated": 4 << 20}
"""Scratch of a thread, its iterator's buffers included; two stay below 2 MiB with a fused multiply-add of the processor.
The longer a call takes, the less often two threads meet at the interpreter's lock, where one has to be woken up for
more than a short call is worth."""

_LONG = 1 << 16
"""Elements from which on a call takes longer than waking up a thread, so that a second one is worth having."""

_GRAIN = 4096
"""Blocks are multiples of so many elements."""

_FLAGS: Sequence[Any] = ("external_loop", "buffered", "delay_bufalloc", "zerosize_ok", "ranged")
_WRITE: Sequence[Any] = ("readwrite", "aligned", "contig")
_READ: Sequence[Any] = ("readonly", "aligned", "contig")
_ACCESS = (_WRITE, _READ, _WRITE, _WRITE)

Quad = tuple[Any, Any, Any, Any]
Job = tuple[Any, Any, Any, Any, tuple[float, ...]]


def kernel_for(recipe: Recipe, provider: Provider | None) -> Kernel:
    """Return the kernel that runs `recipe` in place."""
    walkers = [_Walker(recipe, provider, buffers) for buffers in (len(INPUTS), 0)]
    return RecipeKernel(lambda ps, ms, us: BlockwiseStep(recipe, walkers, ps, ms, us))


@final
class BlockwiseStep(Prepared):
    """Arrays of NumPy that are walked block by block.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    walkers : sequence of _Walker
        For arrays of which an iterator has to copy blocks, and for those it can hand out as they are.
    ps, ms, us : sequence of ndarray
        What is updated.
    """

    def __init__(self, recipe: Recipe, walkers: "Sequence[_Walker]", ps: Arrays, ms: Arrays, us: Arrays) -> None:
        super().__init__(recipe, ps, ms, us)
        self._walkers = walkers
        self._dtype = np.dtype(STORED[recipe.working])

    def check(self, gs: Arrays) -> None:
        """Refuse gradients that do not fit, and a processor that flushes subnormal numbers."""
        require_gradual_underflow()
        super().check(gs)

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step."""
        require_equally_long(gs, constants)
        self.check(gs)
        jobs = list(zip(self.ps, gs, self.ms, self.us, constants, strict=True))
        plain = [_is_plain(job[:4], self._dtype) for job in jobs]
        for kind in sorted(set(plain), reverse=True):
            self._walkers[kind].step([job for job, its in zip(jobs, plain, strict=True) if its is kind])
        return self.ps, self.ms, self.us


def _is_plain(quad: Quad, dtype: np.dtype[Any]) -> bool:
    """Whether an iterator hands out pieces of the arrays themselves."""
    flags = [array.flags for array in quad]
    lies_alike = all(flag.c_contiguous for flag in flags) or all(flag.f_contiguous for flag in flags)
    return lies_alike and all(flag.aligned for flag in flags) and all(array.dtype == dtype for array in quad)


def _block_size(recipe: Recipe, provider: Provider | None, buffers: int) -> int:
    """Return for how many elements at a time the scratch of a thread suffices."""
    dtype = np.dtype(STORED[recipe.working])
    element = (recipe.placement().scratch + buffers) * dtype.itemsize + scratch_of(recipe, dtype, provider)
    return max(_BYTES[provider.kind if provider else "hardware"] // element // _GRAIN, 1) * _GRAIN


@final
class _Walker:
    """Walks over arrays with as many threads as pay off.

    Parameters
    ----------
    recipe, provider : Recipe, Provider
        What to do.
    buffers : int
        How many blocks an iterator holds for copies.
    """

    def __init__(self, recipe: Recipe, provider: Provider | None, buffers: int) -> None:
        size = _block_size(recipe, provider, buffers)
        self._program = partial(_Program, recipe, provider, size)
        self._reach = max(RANGE // size, 1) * size
        self._idle: list[_Program] = []  # a thread takes one and gives it back, so that two never share scratch

    def step(self, jobs: Sequence[Job]) -> None:
        """Do all of them."""
        ranges = [(job, begin) for job in reversed(jobs) for begin in reversed(range(0, job[0].size, self._reach))]

        def work() -> None:
            program = next(taken(self._idle), None) or self._program()
            with np.errstate(all="ignore"):
                for job, begin in taken(ranges):
                    program.load(job[4])
                    _walk(program, job[:4], begin, min(begin + self._reach, job[0].size))
            self._idle.append(program)

        threads = min(num_threads(), sum(job[0].size for job in jobs if job[0].size >= _LONG) // self._reach)
        share(work, threads) if threads > 1 else work()


@final
class _Program:
    """The calls of a recipe, their constants and their scratch."""

    __slots__ = ("_constants", "_given", "blocks", "calls", "copies", "dtype", "size")

    def __init__(self, recipe: Recipe, provider: Provider | None, size: int) -> None:
        self.dtype, self.size = np.dtype(STORED[recipe.working]), size
        table = operations_for(recipe, self.dtype, size, provider)
        placement, count = recipe.placement(), len(recipe.leaves)
        place = [INPUTS.index(target) if isinstance(target, str) else count + target for target in placement.targets]
        slots = [*range(count), *place]
        self.calls: list[tuple[Into, itemgetter[Any], int]] = []
        for operation, target in zip(recipe.operations, place, strict=True):
            args = [slots[arg] for arg in operation.args]
            chosen = itemgetter(*args) if len(args) > 1 else itemgetter(slice(args[0], args[0] + 1))  # several, in either case
            self.calls.append((table[operation.name], chosen, target))
        self.copies = [(INPUTS.index(name), slots[value]) for name, value in placement.copies]
        self.blocks = [np.empty(self.size, self.dtype) for _ in range(placement.scratch)]
        self._given: tuple[float, ...] | None = None
        self._constants: list[Any] = []

    def load(self, constants: tuple[float, ...]) -> None:
        """Take over the constants of the array that follows."""
        if constants is not self._given:
            self._given, self._constants = constants, [self.dtype.type(constant) for constant in constants]

    def run(self, block: Sequence[Block]) -> None:
        """Run all calls on one block."""
        count = block[0].size
        own = self.blocks if count == self.size else [buffer[:count] for buffer in self.blocks]
        values = [*block, *self._constants, *own]
        for function, operands, target in self.calls:
            function(*operands(values), out=values[target])
        for target, value in self.copies:
            np.copyto(values[target], values[value])


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
