"""A record as a plot: time per element over the number of elements, for one tensor and for many."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .contender import YARDSTICKS
from .row import Record


def plot(record: Record, file: Path, profile: str = "f32") -> None:
    """Draw the rows of one profile without weight decay and write the picture; the suffix decides on its form.

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
    rows = [row for row in record["rows"] if "median" in row and row["profile"] == profile and not row["decay"]]
    counts = sorted({row["tensors"] for row in rows})
    figure, axes = pyplot.subplots(1, max(1, len(counts)), figsize=(5.2 * max(1, len(counts)), 4), sharey=True, squeeze=False)
    for axis, count in zip(axes[0], counts, strict=False):
        _draw(axis, [row for row in rows if row["tensors"] == count])
        axis.set_title("1 tensor" if count == 1 else f"{count} tensors")
    axes[0][0].set_ylabel("ns per element")
    if counts:
        axes[0][-1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def _draw(axis: Any, rows: list[Mapping[str, Any]]) -> None:
    for name in dict.fromkeys(row["name"] for row in rows):
        line = sorted((row["size"], row["ns_per_element"]) for row in rows if row["name"] == name)
        style = ":" if name in YARDSTICKS else "-"
        axis.plot(*zip(*line, strict=True), style, marker="o", markersize=3, label=name)
    axis.set(xscale="log", yscale="log", xlabel="elements of a tensor")
    axis.grid(alpha=0.3)
