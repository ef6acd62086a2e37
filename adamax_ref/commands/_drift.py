"""How a drift is printed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from adamax_ref.dialects import get
from adamax_ref.drift import Drift, drift, marks, plot


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
        From :func:`adamax_ref.drift.drift`.
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
