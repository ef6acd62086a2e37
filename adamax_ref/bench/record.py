"""A record of measurements as plain data: made once, saved as JSON, turned into tables and plots."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from adamax_ref.backend.threads import usable_processors as threads

from .contender import (
    COPY,
    SAME_WORDS,
    SCALE,
    WORDS,
    YARDSTICKS,
    Contender,
    copy_yardstick,
    ours,
    scale_yardstick,
    words_yardstick,
)
from .measure import Sample, extra_memory, free_memory, interleave
from .peers import PEERS
from .problem import Problem
from .row import Row, Surroundings
from .verdict import Judge

WARM_UP = 3
"""Steps before anything is timed: compilation, first-touch of state, and the steps whose bits are judged."""
ARRAYS = 6
"""Arrays of the problem's size that a contender holds, generously counted, to refuse what would not fit."""


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
    ready, refused = _taking_part(problem, backends, against)
    judge = Judge(problem, WARM_UP)
    verdicts = {one.name: judge.verdict(one) for one in ready}
    del judge  # and with it as many arrays as a contender holds
    memory = {one.name: extra_memory(one.step) for one in ready}
    samples = interleave(ready, rounds)
    for one in ready:
        yield {
            **problem.row(),
            "name": one.name,
            "verdict": verdicts[one.name],
            "median": samples[one.name].median,
            "best": samples[one.name].best,
            "spread": samples[one.name].spread,
            "rounds": samples[one.name].rounds,
            "ns_per_element": samples[one.name].median * 1e9 / max(problem.elements, 1),
            "bytes_per_element": one.words * problem.itemsize or None,
            "percent_of_copy": _percent(one, COPY, samples),
            "percent_of_words": _percent(one, SAME_WORDS, samples),
            "calls": one.calls,
            "extra_memory": memory[one.name],
            "ratios": {
                peer.name: samples[one.name].median / samples[peer.name].median
                for peer in ready
                if peer.name not in YARDSTICKS and not peer.name.startswith("adamax_ref")
            },
        }
    for name, words in refused.items():
        yield {**problem.row(), "name": name, "verdict": f"did not take part: {words}"}


def _taking_part(problem: Problem, backends: Sequence[str], against: Sequence[str]) -> tuple[list[Contender], dict[str, str]]:
    """Return those that have made their first steps, and for the others the reason why not."""
    makers: dict[str, Callable[[], Contender]] = {
        COPY: partial(copy_yardstick, problem, threads()),
        SCALE: partial(scale_yardstick, problem, threads()),
        SAME_WORDS: partial(words_yardstick, problem),
    }
    makers |= {name: partial(ours, name, problem) for name in backends}
    makers |= {name: partial(PEERS[name], problem) for name in against}
    ready, refused = [], {}
    for name, make in makers.items():
        try:
            ready.append(_ready(make, problem))
        except (RuntimeError, ImportError, MemoryError) as reason:  # RuntimeError: unavailable, or memory as JAX says it
            refused[name] = str(reason).partition("\n")[0]
    return ready, refused


def _percent(one: Contender, yardstick: str, samples: Mapping[str, Sample]) -> float | None:
    """Relate the speed at which words are moved to that of a yardstick."""
    if yardstick not in samples or not one.words:
        return None
    words = WORDS["copy"] if yardstick == COPY else WORDS["floor"]
    return 100 * (one.words / samples[one.name].median) / (words / samples[yardstick].median)


def _ready(make: Callable[[], Contender], problem: Problem) -> Contender:
    if ARRAYS * problem.elements * problem.itemsize > free_memory() // 2:
        raise MemoryError("its arrays would take more than half of the free memory")
    contender = make()
    for _ in range(WARM_UP):
        contender.step()
    return contender


def surroundings() -> Surroundings:
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
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
