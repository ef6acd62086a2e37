"""A record as a plot: the time of a step of each contender beside that of torch's quicker Adamax."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from .contender import YARDSTICKS
from .row import Record, Row
from .table import title

TORCH = ("torch Adamax for-loop", "torch Adamax foreach")
MARKERS = "osD^vP*Xh<>"


def plot(record: Record, file: Path) -> None:
    """Draw a line for each problem with a mark for each contender, and write the picture; the suffix decides on its form.

    The axis is the ratio to the quicker of torch's two ways where both took part everywhere, else nanoseconds per element.

    Parameters
    ----------
    record : mapping
        As :func:`adamax_ref.cli.bench.command` writes it.
    file : Path
        Ending in ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ModuleNotFoundError
        When matplotlib is missing; a note says what to install.
    """
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        error.add_note("plots need matplotlib: pip install 'adamax-ref[bench]'")
        raise
    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "adamax_ref"  # the same data give the same file
    rows = [row for row in record["rows"] if "median" in row and row["name"] not in YARDSTICKS]
    problems = {name: {row["name"]: row for row in group} for name, group in groupby(rows, key=title)}
    relative = all(set(TORCH) <= set(group) for group in problems.values())
    figure, axes = pyplot.subplots(figsize=(9, 1.5 + 0.42 * max(1, len(problems))))
    _draw(axes, list(problems.values()), relative)
    axes.set_yticks(range(len(problems)), [name.removesuffix(", weight decay") for name in problems])
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="time of a step / torch's quicker Adamax" if relative else "ns per element")
    axes.grid(alpha=0.3)
    figure.legend(loc="lower center", ncols=4, fontsize="small", frameon=False)
    figure.tight_layout(rect=(0, 0.11, 1, 1))
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def _draw(axes: Any, problems: Sequence[dict[str, Row]], relative: bool) -> None:
    names = list(dict.fromkeys(name for group in problems for name in group))
    if relative:
        axes.axvline(1.0, color="black", linewidth=1)
    for marker, name in zip(MARKERS, names, strict=False):
        there = [(at, group) for at, group in enumerate(problems) if name in group]
        values = [group[name]["median"] / _unit(group, relative) for _, group in there]
        hollow = {} if name.startswith("adamax_ref") else {"fillstyle": "none"}
        axes.plot(values, [at for at, _ in there], marker, markersize=7, label=name, **hollow)


def _unit(group: dict[str, Row], relative: bool) -> float:
    """Return the time to divide by."""
    if relative:
        return min(group[name]["median"] for name in TORCH)
    row = next(iter(group.values()))
    return 1e-9 * max(1, row["tensors"] * row["size"])
