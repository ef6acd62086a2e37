"""A record of measurements as plain data: made once, kept as JSON, turned into tables and plots."""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from adamax_ref.backend import BackendUnavailable

from .contender import Contender, copy_yardstick, ours, scale_yardstick
from .measure import extra_memory, free_memory, interleave, threads
from .peers import PEERS
from .problem import Problem
from .verdict import verdict

WARM_UP = 3
"""Steps before anything is timed: compilation, first-touch of state, and the steps whose bits are judged."""
ARRAYS = 6
"""Arrays of the problem's size that a contender holds, generously counted, to refuse what would not fit."""

Row = dict[str, Any]


def measure(problem: Problem, backends: Sequence[str], against: Sequence[str], rounds: int) -> Iterator[Row]:
    """Measure engines and peers on one problem; a row for each, and one for each that could not take part.

    Parameters
    ----------
    problem : Problem
        What to step.
    backends, against : sequence of str
        Names of engines, and of peers (see :data:`adamax_ref.bench.peers.PEERS`).
    rounds : int
        How often each is timed.

    Examples
    --------
    >>> rows = list(measure(Problem(1, 100), ["numpy"], [], rounds=2))
    >>> [(row["name"], row["verdict"]) for row in rows if row["name"].startswith("adamax_ref")]
    [('adamax_ref numpy', 'exact: the bits of torch')]
    """
    makers: dict[str, Callable[[], Contender]] = {name: partial(ours, name, problem) for name in backends}
    makers |= {name: partial(PEERS[name], problem) for name in against}
    refused = {}
    ready: list[Contender] = [copy_yardstick(problem, threads()), scale_yardstick(problem, threads())]
    verdicts = {one.name: verdict(one, problem, 0) for one in ready}
    for name, make in makers.items():
        try:
            contender = _ready(make, problem)
        except (BackendUnavailable, ImportError, MemoryError) as reason:
            refused[name] = str(reason)
            continue
        ready.append(contender)
        verdicts[contender.name] = verdict(contender, problem, WARM_UP)
    memory = {one.name: extra_memory(one.step) for one in ready}
    samples = interleave(ready, rounds)
    speed = problem.elements * problem.itemsize * 2 / samples["copy"].median
    for one in ready:
        sample = samples[one.name]
        moved = one.words * problem.itemsize * problem.elements
        yield {
            **asdict(problem),
            "name": one.name,
            "verdict": verdicts[one.name],
            **asdict(sample),
            "ns_per_element": sample.median * 1e9 / max(problem.elements, 1),
            "bytes_per_element": one.words * problem.itemsize or None,
            "percent_of_copy": 100 * moved / sample.median / speed if moved else None,
            "calls": one.calls,
            "extra_memory": memory[one.name],
            "ratios": {peer.name: sample.median / samples[peer.name].median for peer in ready if _is_peer(peer)},
        }
    for name, words in refused.items():
        yield {**asdict(problem), "name": name, "verdict": f"did not take part: {words}"}


def _is_peer(contender: Contender) -> bool:
    return not contender.name.startswith(("adamax_ref", "copy", "scale"))


def _ready(make: Callable[[], Contender], problem: Problem) -> Contender:
    if ARRAYS * problem.elements * problem.itemsize > free_memory() // 2:
        raise MemoryError("its arrays would take more than half of the free memory")
    contender = make()
    for _ in range(WARM_UP):
        contender.step()
    return contender


def surroundings() -> Row:
    """Return what the numbers depend on besides the code: versions, processor, threads, day."""
    names = ("adamax-ref", "numpy", "numba", "torch", "jax", "optax", "ml_dtypes")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "threads": threads(),
        "python": platform.python_version(),
        "versions": {name: found for name in names if (found := _version(name)) is not None},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
