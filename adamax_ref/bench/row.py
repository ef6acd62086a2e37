"""Types of what a benchmark writes down: a row for each contender, and what the numbers depend on."""

from typing import Required, TypedDict


class Row(TypedDict, total=False):
    """One contender on one problem; without a time where it did not take part.

    Attributes
    ----------
    tensors, size, profile, decay, model
        The problem; `model` only where its shapes are those of a model.
    name, verdict : str
        The contender; what its bits are, or why it did not take part.
    median, best, spread : float
        Seconds of a step, and the distance between the quartiles as a share of the median.
    rounds : int
        How often it was timed.
    ns_per_element, bytes_per_element, percent_of_copy, percent_of_words : float
        See docs/benchmarks.md.
    calls, extra_memory : int
        Functions that a step calls, and bytes by which the process grows during it.
    ratios : dict of str to float
        Time of the contender over that of each peer.
    """

    tensors: Required[int]
    size: Required[int]
    profile: Required[str]
    decay: Required[float]
    model: str
    name: str
    verdict: str
    median: float
    best: float
    spread: float
    rounds: int
    ns_per_element: float
    bytes_per_element: float | None
    percent_of_copy: float | None
    percent_of_words: float | None
    calls: int | None
    extra_memory: int | None
    ratios: dict[str, float]


class Surroundings(TypedDict):
    """Versions, processor, threads and day."""

    date: str
    processor: str
    threads: int
    python: str
    versions: dict[str, str]


class Record(TypedDict):
    """A whole record, as `adamax-ref bench --record` writes it."""

    surroundings: Surroundings
    rows: list[Row]
    plots: list[str]
