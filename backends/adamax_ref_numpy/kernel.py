"""A recipe as a list of ufunc calls, and the walk over an array in blocks.

The walk is one :class:`numpy.nditer`: it finds the best order of the axes, hands out pieces that lie in memory as they
are, and copies to and from a buffer only what has another type, byte order, alignment or stride. All calls on a block
are made before the next block is fetched, so everything but the first read and the last write happens in the cache.
Small arrays are copied to scratch one behind another, stepped together and copied back.
Ufuncs run without the interpreter's lock, so several threads can walk, each through ranges of its own.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import is_, itemgetter
from typing import Any, final
from weakref import ref

import numpy as np

from adamax_ref.arrays.memory import STORED, form_of
from adamax_ref.backend import Arrays, Constants, Kernel, Prepared, RecipeKernel, require_equally_long
from adamax_ref.backend.arithmetic import require_gradual_underflow
from adamax_ref.backend.threads import num_threads, share, taken
from adamax_ref.recipe.recipe import INPUTS, Recipe

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

_SMALL = 1 << 14
"""Elements up to which copying an array to scratch and back takes less than making an iterator over it (about 20 µs)."""

_GRAIN = 4096
"""Blocks are multiples of so many elements."""

_FLAGS: Sequence[Any] = ("external_loop", "buffered", "delay_bufalloc", "zerosize_ok", "ranged")
_WRITE: Sequence[Any] = ("readwrite", "aligned", "contig")
_READ: Sequence[Any] = ("readonly", "aligned", "contig")
_ACCESS = (_WRITE, _READ, _WRITE, _WRITE)

Quad = tuple[Any, Any, Any, Any]
Job = tuple[Any, Any, Any, Any, tuple[float, ...]]
_TOGETHER, _PLAIN, _COPIED = range(3)


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
        self._checked: Arrays | None = None
        self._known: list[tuple[ref[Any], Any]] = []
        self._kinds: list[int] = []

    def check(self, gs: Arrays) -> None:
        """Refuse gradients that do not fit, and a processor that flushes subnormal numbers."""
        require_gradual_underflow()
        self._checked, self._progress = None, "none"
        if not self._knows(gs):
            self._known = []
            super().check(gs)
            self._kinds = [self._kind(quad) for quad in zip(self.ps, gs, self.ms, self.us, strict=True)]
            if all(type(g) is np.ndarray for g in gs):
                self._known = [(ref(g), form_of(g)) for g in gs]  # weak, for gradients are to be freed between steps
        self._checked = list(gs)

    def _knows(self, gs: Arrays) -> bool:
        """Return whether these gradients were checked before, and only their elements have changed."""
        return len(gs) == len(self._known) and all(
            known() is g and form_of(g) == form for g, (known, form) in zip(gs, self._known, strict=True)
        )

    def _kind(self, quad: Quad) -> int:
        """Return how arrays are walked: together with others, as they are, or through copies of blocks."""
        if quad[0].size <= _SMALL:
            return _TOGETHER
        return _PLAIN if _is_plain(quad, self._dtype) else _COPIED

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step."""
        require_equally_long(gs, constants)
        checked, self._checked = self._checked, None
        if checked is None or len(checked) != len(gs) or not all(map(is_, gs, checked)):  # a list may be changed by its owner
            self.check(gs)
            self._checked = None
        jobs: tuple[list[Job], list[Job], list[Job]] = ([], [], [])
        for kind, job in zip(self._kinds, zip(self.ps, gs, self.ms, self.us, constants, strict=True), strict=True):
            jobs[kind].append(job)
        copying, plain = self._walkers
        self._progress = "some"
        if jobs[_PLAIN]:
            plain.step(jobs[_PLAIN], [])
        if jobs[_COPIED] or jobs[_TOGETHER]:
            copying.step(jobs[_COPIED], jobs[_TOGETHER])
        self._progress = "all"
        return self.ps, self.ms, self.us


def _is_plain(quad: Quad, dtype: np.dtype[Any]) -> bool:
    """Return whether an iterator hands out pieces of the arrays themselves."""
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
        self._size, self._reach = size, max(RANGE // size, 1) * size
        self._idle: list[_Program] = []  # a thread takes one and gives it back, so that two never share scratch

    def step(self, jobs: Sequence[Job], small: Sequence[Job]) -> None:
        """Do all of them; small ones together."""
        batches = _batches(small, self._size)
        items: list[Callable[[_Program], None]] = [partial(_gather, batch) for batch in batches]
        for job in jobs:
            items += [
                partial(_walk, job, begin, min(begin + self._reach, job[0].size)) for begin in range(0, job[0].size, self._reach)
            ]
        items.reverse()

        def work() -> None:
            program = next(taken(self._idle), None) or self._program()
            with np.errstate(all="ignore"):
                for item in taken(items):
                    item(program)
            self._idle.append(program)

        long = sum(job[0].size for job in jobs if job[0].size >= _LONG) // self._reach
        threads = min(num_threads(), max(long, len(batches) // 2))
        share(work, threads) if threads > 1 else work()


def _batches(jobs: Sequence[Job], size: int) -> list[list[Job]]:
    """Cut jobs into lists of at most `size` elements that share their constants; what is empty is left out."""
    batches: list[list[Job]] = []
    room, constants = 0, None
    for job in jobs:
        count = job[0].size
        if job[4] is not constants or count > room:
            batches.append([])
            room, constants = size, job[4]
        if count:
            batches[-1].append(job)
            room -= count
    return [batch for batch in batches if batch]


@final
class _Program:
    """The calls of a recipe, their constants and their scratch."""

    __slots__ = ("_constants", "_given", "blocks", "calls", "copies", "dtype", "inputs", "size")

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
        self.inputs: list[Block] = []
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


def _gather(batch: Sequence[Job], program: _Program) -> None:
    """Step small arrays together, in scratch."""
    program.load(batch[0][4])
    program.inputs = program.inputs or [np.empty(program.size, program.dtype) for _ in INPUTS]
    count = sum(job[0].size for job in batch)
    block = [scratch[:count] for scratch in program.inputs]
    for arrays, target in zip(zip(*(job[:4] for job in batch), strict=True), block, strict=True):
        np.concatenate([array.reshape(-1) for array in arrays], out=target, casting="same_kind")
    program.run(block)
    at = 0
    for p, _, m, u, _ in batch:
        end = at + p.size
        for array, new in ((p, block[0]), (m, block[2]), (u, block[3])):
            np.copyto(array, new[at:end].reshape(array.shape), casting="same_kind")
        at = end


def _walk(job: Job, begin: int, end: int, program: _Program) -> None:
    """Step a range of one array, block by block."""
    program.load(job[4])
    operands = job[:4]
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
