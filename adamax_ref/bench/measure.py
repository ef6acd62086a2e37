"""Times of several contenders, interleaved so that a disturbance hits all of them, and the memory of a step."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from .contender import Contender

SAMPLE_SECONDS = 0.01
"""What a sample should take at least; quicker steps are repeated. The clock's own step is a ten-thousandth of it."""

SECONDS, FEWEST = 20.0, 5
"""After how long no new round is begun, and how many rounds there are in any case."""


@final
@dataclass(frozen=True)
class Sample:
    """Times of one contender, in seconds for one step.

    Attributes
    ----------
    median, best : float
        Of the rounds.
    spread : float
        Distance between the quartiles, as a share of the median.
    rounds : int
        How many there were.
    """

    median: float
    best: float
    spread: float
    rounds: int


def interleave(contenders: Sequence[Contender], rounds: int) -> dict[str, Sample]:
    """Measure all contenders in turn; each has been stepped before.

    Parameters
    ----------
    contenders : sequence of Contender
        Of different names.
    rounds : int
        How often each; less often, but at least `FEWEST` times, where that takes longer than `SECONDS`.

    Examples
    --------
    >>> idle = Contender("idle", lambda: None, None, None, 0, None)
    >>> interleave([idle], rounds=3)["idle"].rounds
    3
    """
    repeats = {contender.name: _repeats(contender.step) for contender in contenders}
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    enabled = gc.isenabled()
    gc.disable()
    try:
        begin = time.perf_counter()
        for turn in range(rounds):
            if turn >= FEWEST and time.perf_counter() - begin > SECONDS:
                break
            for contender in contenders:
                times[contender.name].append(_timed(contender.step, repeats[contender.name]))
    finally:
        if enabled:
            gc.enable()
    return {name: summary(values) for name, values in times.items()}


def summary(values: Sequence[float]) -> Sample:
    """Return median, best and spread.

    Examples
    --------
    >>> summary([1.0, 2.0, 3.0, 4.0, 5.0])
    Sample(median=3.0, best=1.0, spread=1.0, rounds=5)
    """
    middle = statistics.median(values)
    first, _, third = statistics.quantiles(values, n=4) if len(values) > 1 else (middle, middle, middle)
    return Sample(middle, min(values), (third - first) / middle, len(values))


def _repeats(step: Callable[[], object]) -> int:
    return max(1, min(10_000, int(SAMPLE_SECONDS / max(_timed(step, 1), 1e-9))))


def _timed(step: Callable[[], object], repeats: int) -> float:
    begin = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - begin) / repeats


def extra_memory(step: Callable[[], object]) -> int | None:
    """Return by how many bytes the process grows at most during a step; None where the system does not tell.

    Linux keeps the highest mark of resident memory in ``/proc/self/status`` and forgets it when 5 is written to
    ``clear_refs`` (proc(5)). What a library holds in reserve from earlier steps does not count.

    Examples
    --------
    >>> grown = extra_memory(lambda: bytearray(64 << 20))
    >>> grown is None or grown > 60 << 20
    True
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        before = _status("VmRSS")
        step()
        return max(0, _status("VmHWM") - before)
    except OSError:
        return None


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def free_memory() -> int:
    """Return the bytes that can be had without harm to others; a large number where the system does not tell."""
    told = Path("/proc/meminfo")
    for line in told.read_text(encoding="utf-8").splitlines() if told.exists() else ():
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024
    return 1 << 60
