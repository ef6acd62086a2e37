"""Device memory that lies on the host and watches every access.

Each pair of bytes has a shadow: whether it belongs to an allocation, whether anything was written to it, whether a kernel
may write to it, and which thread of the launch has touched it. No instruction of the interpreter reaches less than
two bytes, and PTX demands that an access is a multiple of its own width.
"""

from typing import Any, final

import numpy as np

from .parser import PtxError

Array = np.ndarray[Any, Any]

GRANULE = 2
"""Bytes that share a shadow."""
GUARD = 256
"""Bytes around each allocation that belong to none; a multiple of every alignment."""
INSIDE, INITIAL, WRITABLE, STORED = 1, 2, 4, 8
_SEVERAL = -1
_POISON = 0xA5


@final
class AccessError(PtxError):
    """An access that no kernel may make.

    Attributes
    ----------
    at : int
        Which of the threads that took part made it.
    """

    def __init__(self, at: int, words: str) -> None:
        super().__init__(words)
        self.at = at


@final
class Memory:
    """An arena for arrays, with a shadow for every two bytes.

    Parameters
    ----------
    size : int
        Bytes.

    Attributes
    ----------
    accesses : int
        How many accesses of threads were checked.
    """

    def __init__(self, size: int = 1 << 26) -> None:
        whole = np.zeros(size + GUARD, np.uint8)
        skipped = -whole.ctypes.data % GUARD
        self._bytes = whole[skipped : skipped + size]
        self._base = self._bytes.ctypes.data
        self._state = np.zeros(size // GRANULE, np.uint8)
        self._toucher = np.zeros(size // GRANULE, np.int32)
        self._touched: list[tuple[Array, Array]] = []
        self._next = GUARD
        self.accesses = 0

    def allocate(self, nbytes: int, shift: int = 0) -> Array:
        """Return fresh bytes that a kernel may write to once they are granted; `shift` moves them off a boundary."""
        start = self._next + shift
        self._next = -(-(start + nbytes) // GUARD) * GUARD + GUARD
        if self._next > len(self._bytes):
            raise MemoryError(f"the interpreter's memory has no room for {nbytes} bytes")
        memory = self._bytes[start : start + nbytes]
        memory[:] = _POISON
        return memory

    def place(self, host: Array, writable: bool = True) -> Array:
        """Return a copy of an array in this memory, dense in the order of the array's axes."""
        strides = np.empty_like(host, order="K").strides
        placed: Array = np.ndarray(host.shape, host.dtype, self.allocate(host.nbytes).data, strides=strides)
        placed[...] = host
        self.grant(placed, writable=writable)
        return placed

    def grant(self, view: Array, writable: bool = True, initial: bool = True) -> None:
        """Let kernels reach the elements of a view of this memory, and nothing between them.

        Parameters
        ----------
        view : array
            Of elements of at least two bytes.
        writable, initial : bool
            Whether a kernel may write to them; whether they hold something that it may read.
        """
        starts = np.zeros((), np.int64)
        for length, stride in zip(view.shape, view.strides, strict=True):
            starts = np.add.outer(starts, np.arange(length) * stride)
        first = (view.ctypes.data - self._base + starts.ravel()) // GRANULE
        granules = first[:, None] + np.arange(view.dtype.itemsize // GRANULE)
        self._state[granules] = INSIDE | WRITABLE * writable | INITIAL * initial

    def load(self, addresses: Array, width: int, count: int, threads: Array) -> Array:
        """Return what threads read, one row of `count` values of `width` bytes for each.

        Raises
        ------
        AccessError
            For an access off its alignment, outside of an allocation, to memory that nothing has written, or to what
            another thread of the launch has written.
        """
        index = self._checked(addresses, width * count, INSIDE | INITIAL)
        touchers, owners = self._shadow(self._toucher, np.int32, width * count), threads[:, None]
        old = touchers[index]
        others = (old != 0) & (old != owners)
        stored = (self._shadow(self._state, np.uint8, width * count)[index] & STORED) != 0
        self._require_no(others & stored, old, "another thread has written", addresses)
        self._touch(touchers, index, np.where(others, _SEVERAL, owners))
        raced = touchers[index] != owners
        if raced.any():  # threads that read the same bytes at once
            rows = raced.any(axis=1)
            touchers[index[rows]] = np.where(raced[rows], _SEVERAL, touchers[index[rows]])
        values: Array = self._bytes.view(f"u{width}").reshape(-1, count)[index]
        return values

    def store(self, addresses: Array, values: Array, threads: Array) -> None:
        """Write a row of values for each thread.

        Raises
        ------
        AccessError
            For an access off its alignment, outside of an allocation, to read-only memory, or to what another thread of
            the launch has read or written.
        """
        width, count = values.dtype.itemsize, values.shape[1]
        index = self._checked(addresses, width * count, INSIDE | WRITABLE)
        touchers, owners = self._shadow(self._toucher, np.int32, width * count), threads[:, None]
        old = touchers[index]
        self._require_no((old != 0) & (old != owners), old, "another thread has touched", addresses)
        self._touch(touchers, index, owners)
        new = touchers[index]
        self._require_no(new != owners, new, "another thread writes in the same instruction", addresses)
        state = self._shadow(self._state, np.uint8, width * count)
        state[index] |= INITIAL | STORED
        self._bytes.view(values.dtype).reshape(-1, count)[index] = values

    def end_launch(self) -> None:
        """Forget which thread touched what: the next launch comes after this one."""
        for touchers, index in self._touched:
            touchers[index] = 0
            per = GRANULE * touchers.shape[1]
            self._shadow(self._state, np.uint8, per)[index] &= 255 - STORED
        self._touched.clear()

    def _checked(self, addresses: Array, size: int, needed: int) -> Array:
        """Return the numbers of accesses of `size` bytes, after all checks that need no thread."""
        self.accesses += len(addresses)
        offsets = addresses.view(np.int64) - self._base
        self._require_no((offsets % size != 0)[:, None], None, f"is no multiple of its {size} bytes", addresses)
        beyond = (offsets < 0) | (offsets > len(self._bytes) - size)
        self._require_no(beyond[:, None], None, "lies outside of every allocation", addresses)
        index: Array = offsets // size
        state = self._shadow(self._state, np.uint8, size)[index]
        for flag, words in (
            (INSIDE, "lies outside of every allocation"),
            (INITIAL, "reads memory that nothing has written"),
            (WRITABLE, "writes to read-only memory"),
        ):
            if needed & flag:
                self._require_no((state & flag) == 0, None, words, addresses)
        return index

    def _shadow(self, shadow: Array, dtype: Any, size: int) -> Array:
        """Return a shadow as rows, one for each aligned access of `size` bytes."""
        rows: Array = shadow.view(dtype).reshape(-1, size // GRANULE)
        return rows

    def _touch(self, touchers: Array, index: Array, owners: Array) -> None:
        touchers[index] = owners
        self._touched.append((touchers, index))

    def _require_no(self, faulty: Array, old: Array | None, words: str, addresses: Array) -> None:
        """Raise for the first thread with a faulty byte."""
        if not faulty.any():
            return
        at = int(np.flatnonzero(faulty.any(axis=1))[0])
        byte = int(np.flatnonzero(faulty[at])[0])
        if old is not None:
            other = int(old[at, byte])
            words += " (several have)" if other == _SEVERAL else f" (thread {other - 1} of the launch)"
        raise AccessError(at, f"address {int(addresses[at]):#x} {words}")
