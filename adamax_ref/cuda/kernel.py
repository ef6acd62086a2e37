"""The launch that both CUDA engines share: tables that stay on the device, constants that are refreshed, one launch.

A :class:`TableKernel` is what a CUDA engine's ``compile`` returns. It keeps the tables of the last few lists of
buffers on the device, with one buffer of constants for each. A step copies the constants asynchronously, from
page-locked memory, and launches once; nothing waits for the device.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from adamax_ref.backend import Arrays, Run
from adamax_ref.law.recipe import Recipe
from adamax_ref.tables import TableCache, build

from .arrays import Place, device_of, place_of, places_of, quads_of, require_together, stream_of
from .geometry import CHUNK
from .launcher import HostArray, Launcher
from .recording import CURRENT

_WORKING = {"binary64": np.float64, "binary32": np.float32}


@final
@dataclass(eq=False)
class Resident:
    """Tables on the device, with the buffer of constants that belongs to them.

    Attributes
    ----------
    places : list
        What they were made from.
    blocks : int
        Number of chunks.
    arrays : tuple
        On the device: tensors, layouts, chunks and constants.
    addresses : tuple of int
        Where they lie.
    ready : object or None
        Event that passes when the tables have arrived; None once that was seen.
    staging : list
        Page-locked arrays for constants, each with the event of its last copy.
    """

    places: list[list[Place]]
    blocks: int
    arrays: tuple[Any, ...]
    addresses: tuple[int, ...]
    ready: Any
    staging: list[tuple[HostArray, Any]] = field(default_factory=list)


@final
class TableKernel:
    """A recipe on one engine: ``kernel(ps, gs, ms, us, constants)``, in place, one launch for all buffers.

    Parameters
    ----------
    recipe : Recipe
        What to compute.
    launcher : Launcher
        The engine.
    chunk : int
        Elements of a block's share; what the kernel was compiled for.

    Attributes
    ----------
    tables : TableCache
        Of :class:`Resident`; its ``made`` tells how often tables were built.
    """

    def __init__(self, recipe: Recipe, launcher: Launcher, chunk: int = CHUNK) -> None:
        self.recipe = recipe
        self.tables = TableCache[Resident]()
        self._launcher = launcher
        self._chunk = chunk
        self._find = {"plain": self._made, "record": self._known, "prepare": self._captured}

    def __call__(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Sequence[tuple[float, ...]]) -> Any:
        """Step all buffers; see :data:`adamax_ref.backend.Kernel`."""
        return self.prepare(ps, gs, ms, us)(constants)

    def prepare(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> Run:
        """Return what steps all buffers, their tables being on the device; see :class:`adamax_ref.backend.PreparedKernel`.

        Raises
        ------
        TypeError, ValueError
            When the arrays do not belong together, overlap, or lie on several devices; nothing has changed then.
        RuntimeError
            When a stream is being captured and this is a plain step, or a captured step is not like this one.
        """
        if not len(ps):
            return lambda constants: (ps, ms, us)
        with self._on(ps[0]) as stream:
            resident = self._find[CURRENT.get().mode]((ps, gs, ms, us), stream)

        def run(constants: Sequence[tuple[float, ...]]) -> tuple[Arrays, Arrays, Arrays]:
            self._run(resident, self._rows(constants, len(ps)), ps[0])
            return ps, ms, us

        return run

    def _run(self, resident: Resident, rows: HostArray, array: Any) -> None:
        """Send the constants and launch; a step that is captured does the first later, one that is replayed the second."""
        recording = CURRENT.get()
        if recording.mode == "record":
            recording.add(self, resident, lambda: self.refresh_current(resident, rows, array))
        with self._on(array) as stream:
            if recording.mode == "plain":
                self._await(resident, stream)
            if recording.mode != "record":
                self.refresh(resident, rows, stream)
            if recording.mode != "prepare" and resident.blocks:
                self._launcher.launch(self.recipe, resident.blocks, resident.addresses, stream)

    def _on(self, array: Any) -> AbstractContextManager[int]:
        return self._launcher.on(device_of(array), stream_of(array))

    def refresh(self, resident: Resident, rows: HostArray, stream: int) -> None:
        """Start copying constants to where `resident` has them, from memory that no earlier copy still reads."""
        if not rows.size:
            return
        free = [pair for pair in resident.staging if self._launcher.has_passed(pair[1])]
        locked = free[0][0] if free else self._launcher.locked(rows)
        locked[...] = rows
        event = self._launcher.refresh(resident.arrays[3], locked, stream)
        resident.staging = [pair for pair in resident.staging if pair[0] is not locked] + [(locked, event)]

    def _made(self, lists: Sequence[Arrays], stream: int) -> Resident:
        if self._launcher.is_capturing(stream):
            raise RuntimeError(
                "a plain step cannot be captured: its constants would be the same in every replay; "
                "call adamax_ref.cuda.graph.CapturedStep(optimizer).record() inside the capture"
            )
        places = places_of(*lists)
        return self.tables.get(places, lambda: self._resident(places, lists, stream))

    def _known(self, lists: Sequence[Arrays], stream: int) -> Resident:
        return self.tables.get(places_of(*lists), _refuse_to_make)

    def _captured(self, lists: Sequence[Arrays], stream: int) -> Resident:
        resident = CURRENT.get().next(self)
        if resident.places != places_of(*lists):
            raise RuntimeError(
                "a parameter, its gradient or its state lies elsewhere than when the step was captured; "
                "keep arrays where they are and write gradients in place, or capture anew"
            )
        return resident

    def _await(self, resident: Resident, stream: int) -> None:
        """Let the stream wait for tables that have not arrived yet."""
        if resident.ready is not None:
            if self._launcher.has_passed(resident.ready):
                resident.ready = None
            else:
                self._launcher.wait(resident.ready, stream)

    def refresh_current(self, resident: Resident, rows: HostArray, array: Any) -> None:
        """Refresh constants in the order of the stream on which `array`'s library works now."""
        with self._on(array) as stream:
            self.refresh(resident, rows, stream)

    def _rows(self, constants: Sequence[tuple[float, ...]], count: int) -> HostArray:
        return np.array(constants, dtype=_WORKING[self.recipe.working]).reshape(count, len(self.recipe.constants))

    def _resident(self, places: list[list[Place]], lists: Sequence[Arrays], stream: int) -> Resident:
        require_together(self.recipe, lists)
        table = build(quads_of(places), self.recipe.storage_format.width // 8, self._chunk)
        constants = self._rows([(0.0,) * len(self.recipe.constants)] * len(table.tensors), len(table.tensors))
        hosts = (table.tensors, table.layouts, table.chunks, constants)
        arrays = tuple(self._launcher.upload(host if host.size else np.zeros(1, host.dtype), stream) for host in hosts)
        addresses = tuple(place_of(array)[0] for array in arrays)
        return Resident(places, len(table.chunks), arrays, addresses, self._launcher.mark(stream))


def _refuse_to_make() -> Resident:
    raise RuntimeError(
        "no tables can be made while a step is captured; do one plain step with the same arrays first, and synchronize"
    )
