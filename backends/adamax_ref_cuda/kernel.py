"""The launch that both CUDA engines share: tables that stay on the device, constants that are refreshed, one launch.

A :class:`DeviceStep` keeps the tables of its arrays on the device, with a buffer of constants. A step copies the
constants asynchronously, from page-locked memory, and launches once; nothing waits for the device. A launch that goes
into a CUDA graph and the refresh before a replay are the two halves of :meth:`DeviceStep.run`, each by itself.
"""

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from adamax_ref.arrays.memory import require_apart
from adamax_ref.arrays.tables import Table, build, ghost, reaches
from adamax_ref.backend import Arrays, Constants, Kernel, Prepared, RecipeKernel, require_equally_long
from adamax_ref.recipe.recipe import Recipe

from .arrays import Place, buffer_of, device_of, place_of, places_of, quads_of, require_together, require_updatable, stream_of
from .geometry import CHUNK
from .launcher import HostArray, Launcher

_WORKING = {"binary64": np.float64, "binary32": np.float32}


@final
@dataclass(eq=False)
class Resident:
    """Tables on the device, with the buffer of constants that belongs to them.

    Attributes
    ----------
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

    blocks: int
    arrays: tuple[Any, ...]
    addresses: tuple[int, ...]
    ready: Any
    staging: list[tuple[HostArray, Any]] = field(default_factory=list)


def table_kernel(recipe: Recipe, launcher: Launcher, chunk: int = CHUNK) -> Kernel:
    """Return the kernel that steps CUDA arrays in place, one launch for all buffers.

    Parameters
    ----------
    recipe : Recipe
        What to compute.
    launcher : Launcher
        The engine.
    chunk : int
        Elements of a block's share; what the kernel was compiled for.
    """
    return RecipeKernel(lambda ps, ms, us: DeviceStep(recipe, launcher, chunk, ps, ms, us))


@final
class DeviceStep(Prepared):
    """CUDA arrays with their tables on the device.

    Attributes
    ----------
    made : int
        How often tables were built: once, and again when a gradient has moved.

    Raises
    ------
    TypeError, ValueError
        When the arrays do not belong together, overlap, or lie on several devices; nothing has changed then.
    """

    def __init__(self, recipe: Recipe, launcher: Launcher, chunk: int, ps: Arrays, ms: Arrays, us: Arrays) -> None:
        require_equally_long(ps, ms, us)
        self.recipe, self.ps, self.ms, self.us = recipe, list(ps), list(ms), list(us)
        self.made = 0
        self._launcher, self._chunk = launcher, chunk
        self._itemsize = recipe.storage_format.width // 8
        require_together(recipe, {"parameter": self.ps, "exp_avg": self.ms, "exp_inf": self.us})
        for array in self.written:
            require_updatable(array)
        self._places = places_of(self.ps, self.ms, self.us)
        require_apart([ghost(buffer_of(place), self._itemsize) for places in self._places for place in places])
        self._gradients: list[Place] | None = None
        self._resident: Resident | None = None

    def holds(self, ps: Arrays, ms: Arrays, us: Arrays) -> bool:
        """Return whether the arrays lie where they did."""
        given = [*ps, *ms, *us]
        same = len(given) == len(self.written) and all(map(lambda one, other: one is other, given, self.written))
        return same and (not given or places_of(ps, ms, us) == self._places)

    def check(self, gs: Arrays) -> None:
        """Refuse gradients that do not fit, and a stream that is being captured."""
        if self.ps and self._launcher.is_capturing(stream_of(self.ps[0])):
            raise RuntimeError(
                "a plain step cannot be captured: its constants would be the same in every replay; "
                "call adamax_ref_cuda.graph.CapturedStep(optimizer).record() inside the capture"
            )
        self._progress = "none"
        require_equally_long(self.ps, gs)
        if self.ps and not self.reads(gs):
            lists = {"parameter": self.ps, "gradient": gs, "exp_avg": self.ms, "exp_inf": self.us}
            require_together(self.recipe, lists)
            (gradients,) = places_of(gs)
            table = build(quads_of([self._places[0], gradients, *self._places[1:]]), self._itemsize, self._chunk)
            with self._launcher.on(device_of(self.ps[0]), stream_of(self.ps[0])) as stream:
                self._resident = self._on_device(table, stream)
            self._gradients = gradients
            self.made += 1

    def reads(self, gs: Arrays) -> bool:
        """Return whether the tables say where these gradients lie."""
        return self._gradients is not None and len(gs) == len(self.ps) and places_of(gs) == [self._gradients]

    def bounds(self, gs: Arrays) -> tuple[HostArray, HostArray]:
        """Return where written arrays and gradients begin and end on the device."""
        written = [buffer_of(place) for places in self._places for place in places]
        read = [buffer_of(place) for place in self._gradients or ()]
        return reaches(written, self._itemsize), reaches(read, self._itemsize)

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step."""
        require_equally_long(gs, constants)
        self.check(gs)
        resident = self._resident
        if resident is not None:
            with self._launcher.on(device_of(self.ps[0]), stream_of(self.ps[0])) as stream:
                if resident.ready is not None:
                    if self._launcher.has_passed(resident.ready):
                        resident.ready = None
                    else:
                        self._launcher.wait(resident.ready, stream)
                self._refresh(resident, self._rows(constants), stream)
                self._progress = "some"
                self._launch(resident, stream)
        self._progress = "all"
        return self.ps, self.ms, self.us

    def launch(self) -> None:
        """Launch with the constants that lie on the device when it happens: for a graph that is being captured.

        Raises
        ------
        RuntimeError
            When there are no tables yet.
        """
        if self._resident is None:
            raise RuntimeError(NO_TABLES)
        with self._launcher.on(device_of(self.ps[0]), stream_of(self.ps[0])) as stream:
            self._launch(self._resident, stream)

    def refresh(self, constants: Constants) -> None:
        """Start copying constants to where a captured launch reads them, in the order of the stream of the arrays' library."""
        if self._resident is None:
            raise RuntimeError(NO_TABLES)
        with self._launcher.on(device_of(self.ps[0]), stream_of(self.ps[0])) as stream:
            self._refresh(self._resident, self._rows(constants), stream)

    def _refresh(self, resident: Resident, rows: HostArray, stream: int) -> None:
        """Copy from memory that no earlier copy still reads."""
        if not rows.size:
            return
        free = [pair for pair in resident.staging if self._launcher.has_passed(pair[1])]
        locked = free[0][0] if free else self._launcher.locked(rows)
        locked[...] = rows
        event = self._launcher.refresh(resident.arrays[3], locked, stream)
        resident.staging = [pair for pair in resident.staging if pair[0] is not locked] + [(locked, event)]

    def _launch(self, resident: Resident, stream: int) -> None:
        if resident.blocks:
            self._launcher.launch(self.recipe, resident.blocks, resident.addresses, stream)

    def _rows(self, constants: Constants) -> HostArray:
        return np.array(constants, dtype=_WORKING[self.recipe.working]).reshape(len(self.ps), len(self.recipe.constants))

    def _on_device(self, table: Table, stream: int) -> Resident:
        """Bring tables to the device."""
        constants = self._rows([(0.0,) * len(self.recipe.constants)] * len(table.tensors))
        hosts = (table.tensors, table.layouts, table.chunks, constants)
        arrays = tuple(self._launcher.upload(host if host.size else np.zeros(1, host.dtype), stream) for host in hosts)
        addresses = tuple(place_of(array)[0] for array in arrays)
        return Resident(len(table.chunks), arrays, addresses, self._launcher.mark(stream))


NO_TABLES = "no tables can be made while a step is captured; do one plain step with the same arrays first, and synchronize"
