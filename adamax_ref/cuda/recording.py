"""What a captured step consists of, while it is captured and before each replay."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, final

if TYPE_CHECKING:
    from .kernel import Resident, TableKernel


@final
@dataclass
class Recording:
    """The launches of a step.

    Attributes
    ----------
    mode : {"plain", "record", "prepare"}
        What a kernel that is called shall do: refresh its constants and launch; launch only, into the graph that is
        being captured; refresh only.
    launches : list of (TableKernel, Resident)
        In the order in which they were captured.
    pending : list of callable
        How to refresh the constants that were given while the step was captured, those of the first replay, and how to
        advance counters on the device.
    prepared : int
        How many launches have their constants for the next replay.
    """

    mode: Literal["plain", "record", "prepare"] = "plain"
    launches: list[tuple["TableKernel", "Resident"]] = field(default_factory=list)
    pending: list[Callable[[], object]] = field(default_factory=list)
    prepared: int = 0

    def add(self, kernel: "TableKernel", resident: "Resident", refresh: Callable[[], None]) -> None:
        """Take note of a launch that goes into the graph."""
        self.launches.append((kernel, resident))
        self.pending.append(refresh)

    def next(self, kernel: "TableKernel") -> "Resident":
        """Return what the next launch of the captured step reads.

        Raises
        ------
        RuntimeError
            When the step being prepared is not the one that was captured.
        """
        if self.prepared >= len(self.launches) or self.launches[self.prepared][0] is not kernel:
            raise RuntimeError(
                "the step has other launches than the captured one: a parameter lost or gained its gradient, or an option "
                "changed the recipe; capture anew"
            )
        self.prepared += 1
        return self.launches[self.prepared - 1][1]


CURRENT: ContextVar[Recording] = ContextVar("adamax_ref_cuda_recording", default=Recording())  # noqa: B039 a plain one never changes
