"""How far, and how fast, two dialects drift apart when both are given the same gradients."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from .frameworks.batteries import draw
from .frameworks.model import follow, mismatches
from .frameworks.protocol import Start
from .recipe.hyper import Hyperparameters

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
