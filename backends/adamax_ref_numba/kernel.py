"""A recipe bound to arrays in host memory: tables, constants, compiled code on the pieces."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from operator import is_
from struct import Struct
from typing import Any, final

import numba
import numpy as np

from adamax_ref.arrays.tables import Buffer, Table, build, extents, reaches
from adamax_ref.arrays.types import HostArray, HostType
from adamax_ref.backend import Arrays, Constants, Kernel, Prepared, Progress, RecipeKernel, require_equally_long
from adamax_ref.backend.arithmetic import require_gradual_underflow
from adamax_ref.backend.threads import num_threads, share
from adamax_ref.optimizer.tensors import host_view, is_plain_tensor, is_tensor, readable
from adamax_ref.recipe.recipe import Recipe

from .cached import compiled
from .reading import HEAD, MOVED, OTHER, WRITTEN, differ, gradients_differ, reader_of, record, written_differ
from .source import ORDER

CHUNK = 32768
"""Elements of a chunk: 128 KiB of each float32 operand. Large enough that taking a chunk (about 3 µs) costs nothing,
small enough that two threads end together."""

PIECES = 64
"""Into how many pieces a step is cut at most, so that handing them out costs nothing beside the work."""

ALONE = 131072
"""Elements below which one thread does it all: waking another takes as long (about 50 µs) as half of the work."""


def kernel_for(recipe: Recipe) -> Kernel:
    """Return the kernel that runs `recipe` in place, all parameters of a step at once."""
    step = compiled(recipe)

    def prepare(ps: Arrays, ms: Arrays, us: Arrays) -> Prepared:
        if any(_is_foreign(host_view(array)) for arrays in (ps, ms, us) for array in arrays):
            return CopiedStep(recipe, step, ps, ms, us)
        return TableStep(recipe, step, ps, ms, us)

    return RecipeKernel(prepare)


@final
class TableStep(Prepared):
    """Arrays of NumPy, or tensors of torch in host memory, that compiled code finds through a table of addresses.

    Parameters
    ----------
    recipe : Recipe
        What to compute.
    step : callable
        The compiled recipe.
    ps, ms, us : sequence of array
        What is updated; in native byte order, each element at a multiple of its size.
    """

    def __init__(self, recipe: Recipe, step: Callable[..., None], ps: Arrays, ms: Arrays, us: Arrays) -> None:
        super().__init__(recipe, ps, ms, us)
        for array in self.written:
            if is_tensor(array) and not is_plain_tensor(array):
                raise TypeError(
                    f"the numba engine cannot write to a tensor of type {type(array).__name__} whose memory is not plain"
                )
        self._step = step
        self._working = np.dtype(f"f{recipe.working_format.width // 8}")
        self._itemsize = recipe.storage_format.width // 8
        self._layouts = [_layouts(arrays) for arrays in (self.ps, self.ms, self.us)]
        self._reader = self._read_by(self.written)
        self._dtypes = [array.dtype for array in self.written]  # kept alive, for records name them by their identities
        self._records = self._recorded()
        written = [layout for layouts in self._layouts for layout in layouts]
        self._bounds = reaches(written, self._itemsize)
        self._count = len(self.ps)
        self._alike = _Order(self._working, [(0.0,) * len(recipe.constants)])
        self._checked: Arrays | None = None
        self._order_now: _Order | None = None
        self._gradients: _Gradients | None = None

    @staticmethod
    def memory_of(array: Any) -> Any:
        """Return a NumPy view over a tensor's memory; of one that can only be read, as a gradient may be, a copy."""
        return readable(array)

    def holds(self, ps: Arrays, ms: Arrays, us: Arrays) -> bool:
        """Ask the arrays where they lie, in compiled code where they can be asked there."""
        if self._reader is None:
            return super().holds(ps, ms, us)
        if not len(ps) == len(ms) == len(us) == self._count:
            return False
        return not written_differ(_listed(ps), _listed(ms), _listed(us), self._reader, self._records)

    def check(self, gs: Arrays) -> None:
        """Refuse gradients that do not fit, and a processor that flushes subnormal numbers."""
        self._order_now = None
        require_gradual_underflow()
        known = self._gradients
        self._take(gs, OTHER if known is None else known.differing(gs))

    def fits(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> bool:
        """Ask all four lists in one call where they can be asked together."""
        known, reader = self._gradients, self._reader
        if not (type(ps) is type(ms) is type(us) is type(gs) is list and len(ps) == len(ms) == len(us) == self._count):
            return super().fits(ps, gs, ms, us)
        if reader is None or known is None or not known.can_ask(gs, reader):
            return super().fits(ps, gs, ms, us)
        self._order_now = None
        require_gradual_underflow()
        differing = differ(ps, ms, us, gs, reader, self._records, known.records)
        if differing == WRITTEN:
            return False
        if differing:
            self._take(gs, differing)
        self._checked = list(gs)
        return True

    def _take(self, gs: Arrays, differing: int) -> None:
        """Refuse gradients that do not fit, and bring the tables up to date with those that do."""
        known, self._checked = self._gradients, None
        if known is None or differing == OTHER:
            self._gradients = None  # its records speak of arrays that may now be refused
            super().check(gs)
            self._gradients = self._laid_out(gs)
        elif differing == MOVED:
            known.move()
            if self._cover.may_meet(known.bounds):
                super().check(gs)
        self._checked = list(gs)

    def bounds(self, gs: Arrays) -> tuple[HostArray, HostArray]:
        """Return what the tables know."""
        known = self._gradients
        return self._bounds, known.bounds if known is not None else np.empty((0, 2), np.int64)

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step."""
        if len(gs) != len(constants):
            require_equally_long(gs, constants)
        checked, self._checked = self._checked, None
        if checked is None or len(checked) != len(gs) or not all(map(is_, gs, checked)):  # a list may be changed by its owner
            self.check(gs)
            self._checked = None
        plan = self._gradients
        if plan is not None and plan.pieces:
            order = self._order_now = self._order(constants)
            threads = min(plan.pieces, num_threads(int(numba.config.NUMBA_NUM_THREADS))) if plan.pieces > 1 else 1
            if threads > 1:
                share(partial(self._step, plan.address, order.address), threads)
            else:
                self._step(plan.address, order.address)
        return self.ps, self.ms, self.us

    @property
    def progress(self) -> Progress:
        """Return what compiled code has counted: it cannot be interrupted, and a thread that begins goes on to the end."""
        plan, order = self._gradients, self._order_now
        if plan is None or order is None or not order.taken:
            return "none"
        return "all" if order.taken >= plan.pieces else "some"

    def _order(self, constants: Constants) -> "_Order":
        """Return the order for one step's constants."""
        first, count = constants[0], len(constants)
        # Without a zero equal numbers have equal bits.
        if constants.count(first) == count and (count == 1 or 0.0 not in first):
            self._alike.write(first)
            return self._alike
        rows = {id(one): one for one in constants}  # by identity, which separates 0.0 from -0.0
        number = {key: at for at, key in enumerate(rows)}
        order = _Order(self._working, list(rows.values()))
        order.number(np.fromiter(map(number.__getitem__, map(id, constants)), np.int64, count))
        return order

    def _read_by(self, arrays: Sequence[Any]) -> HostArray | None:
        """Return the functions that read these arrays in compiled code; None where there are none for all of them."""
        kinds = set(map(type, arrays))
        if kinds <= {np.ndarray}:
            return reader_of(self.recipe.storage, tensors=False)
        return reader_of(self.recipe.storage, tensors=True) if kinds <= _tensor_types(arrays) else None

    def _laid_out(self, gs: Arrays) -> "_Gradients":
        """Make the table for gradients as they lie now; those of foreign byte order or alignment are copied."""
        kept = [_readable(g) for g in gs]
        layouts = _layouts(kept)
        quads = zip(self._layouts[0], layouts, *self._layouts[1:], strict=True)
        table = build(list(quads), self._itemsize, CHUNK)
        own = all(map(lambda one, other: one is other, kept, gs))
        records = record(kept, layouts, self.recipe.storage)
        return _Gradients(table, kept, layouts, records, self._itemsize, self._read_by(kept) if own else None)

    def _recorded(self) -> HostArray:
        """Return the records of parameters, moments and norms, one after another."""
        lists = zip((self.ps, self.ms, self.us), self._layouts, strict=True)
        return np.array([word for arrays, layouts in lists for word in record(arrays, layouts, self.recipe.storage)], np.int64)


@final
class _Order:
    """Words for compiled code (see :func:`~adamax_ref_numba.source.source`) and the constants behind them.

    Parameters
    ----------
    working : dtype
        Of constants.
    rows : list of tuple of float
        The constants, a row for each kind of buffer.
    """

    def __init__(self, working: HostType, rows: Sequence[tuple[float, ...]]) -> None:
        constants = [number for row in rows for number in row]
        self._memory = np.zeros(8 * ORDER + len(constants) * working.itemsize, np.uint8)
        self.address = self._memory.ctypes.data
        self._memory[8:16].view(np.int64)[:] = self.address + 8 * ORDER
        self._layout = Struct(f"@q{len(constants)}{working.char}")
        self._buffer = memoryview(self._memory.data)
        self.write(constants)

    @property
    def taken(self) -> int:
        """Return how many pieces threads have taken, or asked for in vain."""
        return int.from_bytes(self._buffer[16:24], sys.byteorder)

    def write(self, constants: Sequence[float]) -> None:
        """Begin a step with these constants: no piece is taken yet."""
        self._layout.pack_into(self._buffer, 16, 0, *constants)

    def number(self, rows: HostArray) -> None:
        """Give each buffer the number of its row."""
        self._rows = rows
        self._memory[:8].view(np.int64)[:] = rows.ctypes.data


@final
class _Gradients:
    """The table of a step, and how its gradients lie.

    Parameters
    ----------
    table : Table
        Of parameters, gradients, moments and norms.
    arrays, layouts : sequence
        The gradients; only copies stay alive.
    records : list of int
        Theirs.
    itemsize : int
        Bytes of an element.
    reader : array or None
        What reads gradients in compiled code; None when each step has to lay them out anew.
    """

    def __init__(
        self, table: Table, arrays: Arrays, layouts: list[Buffer], records: list[int], itemsize: int, reader: HostArray | None
    ) -> None:
        cuts = _cuts(table)
        self.pieces = len(cuts) - 1
        self._table, self._cuts = table, cuts
        self._words = np.array(
            [
                *(table.tensors.ctypes.data, len(table.tensors), table.layouts.ctypes.data, len(table.layouts)),
                *(table.chunks.ctypes.data, len(table.chunks), table.chunk, cuts.ctypes.data, len(cuts)),
            ],
            np.int64,
        )
        self.address = self._words.ctypes.data
        self._reader = reader
        self._copies = arrays if reader is None else None
        self._dtypes = [array.dtype for array in arrays]  # kept alive, for records name them by their identities
        self._types = set(map(type, arrays)) if reader is not None else set()
        self._tensors = reader is not None and np.ndarray not in self._types
        self._count = len(layouts)
        self.records = np.array(records, np.int64)
        lengths = [HEAD + 2 * len(layout.shape) for layout in layouts]
        self._places = np.cumsum([0, *lengths[:-1]])[: len(layouts)] + 1
        self._extents = extents(layouts, itemsize)
        addresses = self.records[self._places]
        self._shift = table.tensors[:, 1] - addresses
        self.bounds = self._extents + addresses[:, None]

    def can_ask(self, gs: Sequence[Any], reader: HostArray) -> bool:
        """Return whether compiled code can read gradients with this reader and see every difference from the last ones."""
        if self._reader is not reader or len(gs) != self._count or not self._types.issuperset(map(type, gs)):
            return False
        return not (self._tensors and any(map(sys.modules["torch"].Tensor.is_neg, gs)))

    def differing(self, gs: Sequence[Any]) -> int:
        """Return what differs from the gradients of the last step: nothing (0), addresses (`MOVED`), more (`OTHER`)."""
        reader = self._reader
        return OTHER if reader is None or not self.can_ask(gs, reader) else gradients_differ(_listed(gs), reader, self.records)

    def move(self) -> None:
        """Put new addresses into the table."""
        addresses = self.records[self._places]
        np.add(addresses, self._shift, out=self._table.tensors[:, 1])
        self.bounds = self._extents + addresses[:, None]


@final
class CopiedStep(Prepared):
    """Arrays of foreign byte order or alignment, stepped on copies that are written back."""

    def __init__(self, recipe: Recipe, step: Callable[..., None], ps: Arrays, ms: Arrays, us: Arrays) -> None:
        super().__init__(recipe, ps, ms, us)
        self._step = step

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step."""
        require_equally_long(gs, constants)
        self.check(gs)
        copies = [[_native(array) for array in arrays] for arrays in (self.ps, self.ms, self.us)]
        TableStep(self.recipe, self._step, *copies).run(gs, constants)
        for array, copy in zip(self.written, [copy for part in copies for copy in part], strict=True):
            if copy is not array:
                array[...] = copy
        return self.ps, self.ms, self.us


def _readable(gradient: Any) -> Any:
    """Return a gradient whose memory can be read as it is: itself, or a copy."""
    if is_tensor(gradient) and not is_plain_tensor(gradient):
        return readable(gradient)
    return _native(np.asarray(gradient) if isinstance(gradient, np.generic) else gradient)


def _native(array: Any) -> Any:
    return np.array(array, array.dtype.newbyteorder("=")) if _is_foreign(host_view(array)) else array


def _is_foreign(array: Any) -> bool:
    """Return whether compiled code would not read an array rightly: another byte order, or elements off their multiples."""
    return not (array.dtype.isnative and array.flags.aligned)


def _listed(arrays: Arrays) -> list[Any]:
    return arrays if type(arrays) is list else list(arrays)


def _layouts(arrays: Arrays) -> list[Buffer]:
    hosts = map(host_view, arrays)
    return [Buffer(array.ctypes.data, array.shape, array.strides) for array in hosts]


def _tensor_types(arrays: Arrays) -> set[type]:
    """Return the types of torch whose memory is all there is to them; a subclass may be anything."""
    if not any(map(is_tensor, arrays)):
        return set()
    import torch

    return {torch.Tensor, torch.nn.Parameter}


def _cuts(table: Table) -> HostArray:
    """Cut the chunks into at most `PIECES` pieces of about equal work; little work stays in one piece."""
    sizes = table.tensors[table.chunks[:, 0], 4] - table.chunks[:, 1].astype(np.int64) * table.chunk
    total = np.cumsum(np.minimum(sizes, table.chunk))
    whole = int(total[-1]) if len(total) else 0
    piece = max(CHUNK, -(-whole // PIECES))
    inner = np.searchsorted(total, np.arange(piece, whole, piece)) if whole >= ALONE else ()
    return np.unique([0, *inner, len(table.chunks)]).astype(np.int64)
