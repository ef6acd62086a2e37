"""Differences of two dialects after each step on the same gradients, their growth, and their table."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from adamax_ref.dialects import get
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.model import follow, mismatches
from adamax_ref.frameworks.protocol import Start
from adamax_ref.recipe.hyper import Hyperparameters

SIZE = 1024  # elements; enough for the largest difference to be steady in its first digit


@final
@dataclass(frozen=True)
class Drift:
    """The distance between two runs, step by step.

    Attributes
    ----------
    lr : float
        Learning rate, the unit of ``largest`` and ``typical``.
    largest, typical : tuple of float
        Largest and root-mean-square difference of the parameters after each step, divided by the learning rate.
    parted : tuple of float
        Share of the parameters that differ in at least one bit.
    """

    lr: float
    largest: tuple[float, ...]
    typical: tuple[float, ...]
    parted: tuple[float, ...]

    @property
    def growth(self) -> float | None:
        """Exponent of the growth of the typical difference over the second half of the run; None where there is none.

        Roundings that are independent of each other give about 1/2, a difference of one sign 1.
        """
        half, last = self.typical[len(self.typical) // 2 - 1], self.typical[-1]
        steps = len(self.typical)
        return math.log(last / half) / math.log(steps / (steps // 2)) if half > 0 and last > 0 else None


def drift(first: str, second: str, h: Hyperparameters, profile: str = "f32", steps: int = 256) -> Drift:
    """Run two dialects on the same standard normal gradients, from the same parameters and zero state.

    Parameters
    ----------
    first, second : str
        Names of dialects.
    h : Hyperparameters
        Of both; with ``lr`` above 0.
    profile : str
        A real profile that both have.
    steps : int
        At least 2.

    Raises
    ------
    ValueError
        When `steps` is below 2, `lr` is 0, or a dialect lacks the profile or an option.

    Examples
    --------
    >>> drift("torch", "mlx", Hyperparameters(lr=0.01), "f64", 50).typical[0] > 0.5
    True
    """
    if steps < 2 or h.lr == 0:
        raise ValueError(f"a drift needs at least 2 steps and a learning rate above 0, not steps={steps} and lr={h.lr}")
    p, gradients = draw("normal", profile, SIZE, steps)
    start = Start(profile, h, p, np.zeros_like(p), np.zeros_like(p))
    runs = [follow(name, start, gradients).p for name in (first, second)]
    apart = [(a.astype(np.float64) - b.astype(np.float64)) / h.lr for a, b in zip(*runs, strict=True)]
    return Drift(
        h.lr,
        tuple(float(np.max(np.abs(each))) for each in apart),
        tuple(float(np.sqrt(np.mean(each * each))) for each in apart),
        tuple(mismatches([a], [b]) / SIZE for a, b in zip(*runs, strict=True)),
    )


def marks(steps: int) -> tuple[int, ...]:
    """Return the steps worth a line: 1, 2, 5, 10, 20, ... and the last.

    Examples
    --------
    >>> marks(60)
    (1, 2, 5, 10, 20, 50, 60)
    """
    round_numbers = (head * 10**power for power in range(len(str(steps))) for head in (1, 2, 5))
    return tuple(sorted({step for step in round_numbers if step <= steps} | {steps}))


def plot(values: tuple[float, ...], width: int = 64, height: int = 10) -> list[str]:
    """Draw values on a logarithmic scale as lines of text, the first step at the left.

    Parameters
    ----------
    values : tuple of float
        At least 0; zeros are left out.
    width, height : int
        In characters, without the labels.

    Examples
    --------
    >>> plot((0.0, 0.0))
    ['nothing to draw: all values are 0']
    >>> for line in plot((1.0, 10.0, 100.0), 3, 3):
    ...     print(line)
     1e+02 |  *
     1e+01 | *
     1e+00 |*
    """
    logs = [math.log10(value) if value > 0 and math.isfinite(value) else None for value in values]
    known = [log for log in logs if log is not None]
    if not known:
        return ["nothing to draw: all values are 0"]
    low, high = math.floor(min(known)), max(math.ceil(max(known)), math.floor(min(known)) + 1)
    columns = [logs[at * (len(logs) - 1) // max(width - 1, 1)] for at in range(width)]
    rows = [None if log is None else round((log - low) / (high - low) * (height - 1)) for log in columns]
    return [_row(at, rows, low + (high - low) * at / (height - 1)) for at in reversed(range(height))]


def _row(at: int, rows: list[int | None], label: float) -> str:
    drawn = "".join("*" if row == at else " " for row in rows).rstrip()
    return f"{10.0**label:>6.0e} |{drawn}"


def described_drift(
    name: str, other: str, profile: str, steps: int, changes: dict[str, Any], file: Path | None = None
) -> Iterator[str]:
    """Yield a drift as numbers and as a plot, line by line.

    Parameters
    ----------
    name, other : str
        Dialects; the hyperparameters are the first one's defaults.
    profile, steps : str, int
        Number types and length of the run.
    changes : dict
        Hyperparameters that were given; None stands for one that was not.
    file : Path, optional
        Where a picture goes; see :func:`pictured`.

    Examples
    --------
    >>> next(described_drift("torch", "optax", "f32", 10, {}))
    'torch against optax in f32: lr=0.002 betas=(0.9, 0.999) eps=1e-08 weight_decay=0.0'
    """
    h = replace(get(name).defaults, **{key: value for key, value in changes.items() if value is not None})
    found = drift(name, other, h, profile, steps)
    if file is not None:
        pictured(found, f"{name} against {other}, {profile}", file)
    yield f"{name} against {other} in {profile}: lr={h.lr} betas=({h.beta1}, {h.beta2}) eps={h.eps} weight_decay={h.weight_decay}"
    yield "the same standard normal gradients; differences of the parameters in units of lr"
    yield f"{'step':>7} {'largest':>10} {'typical':>10} {'bits differ':>12}"
    for step in marks(steps):
        at = step - 1
        yield f"{step:>7} {found.largest[at]:>10.3g} {found.typical[at]:>10.3g} {found.parted[at]:>12.1%}"
    if found.growth is not None:
        yield f"typical difference grows like step**{found.growth:.2f}"
    yield "typical difference against step"
    yield from plot(found.typical)


def pictured(found: Drift, title: str, file: Path) -> None:
    """Draw a drift on two logarithmic axes; the suffix of `file` decides on the picture's form.

    Steps at which nothing differs are left out, since a logarithmic axis has no zero.

    Parameters
    ----------
    found : Drift
        From :func:`adamax_ref.quality.drift.drift`.
    title : str
        Stands above the picture.
    file : Path
        Ending in ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ValueError
        When matplotlib is missing; the message says what to install. When nothing differs at any step.
    """
    if not any(found.largest):
        raise ValueError(f"there is nothing to draw in {file}: the two dialects give the same bits; leave --plot out")
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ValueError("--plot needs matplotlib; pip install 'adamax-ref[bench]'") from error
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axis = figure.subplots()
    for label, values in (("largest", found.largest), ("typical (root mean square)", found.typical)):
        points = [(step, value) for step, value in enumerate(values, 1) if value > 0]
        axis.plot([step for step, _ in points], [value for _, value in points], label=label)
    axis.set(xscale="log", yscale="log", xlabel="step", ylabel="difference of the parameters / lr", title=title)
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
