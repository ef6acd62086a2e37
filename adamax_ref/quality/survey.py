"""Survey of frameworks: run each one's Adamax and make the rows of the published table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from adamax_ref.dialects import get as get_dialect
from adamax_ref.frameworks import get
from adamax_ref.frameworks.batteries import draw, dtype_of
from adamax_ref.frameworks.model import follow, mismatches
from adamax_ref.frameworks.protocol import Array, Start, Trajectory
from adamax_ref.recipe.hyper import Hyperparameters

Play = Callable[[str, Start, Sequence[Array | None]], Trajectory]
"""Function that runs a framework: :meth:`adamax_ref.frameworks.child.Children.play`."""

SIZE, STEPS, DECAY = 4099, 50, 0.3


@final
@dataclass(frozen=True)
class Row:
    """One framework, as it was found.

    Attributes
    ----------
    name, running, settings : str
        Its dialect, what is installed, and how it was run.
    departures : mapping of str to tuple of int
        For each profile, and for ``profile+decay``, how many elements of p, m and u differ from the dialect's, of
        ``SIZE * STEPS`` each.
    idle : str
        What a zero gradient at the first step does in float16 with the default epsilon.
    nan : str
        What becomes of the norm after a NaN gradient.
    first : float
        Length of the first step for a gradient of 1, in units of the learning rate.
    """

    name: str
    running: str
    settings: str
    departures: Mapping[str, tuple[int, ...]]
    idle: str
    nan: str
    first: float

    @property
    def expected(self) -> bool:
        """True if nothing departs, outside the profiles whose departure is known."""
        known = get(self.name).departs
        return not any(sum(counts) for key, counts in self.departures.items() if key.partition("+")[0] not in known)


def survey(name: str, play: Play) -> Row:
    """Run a framework through everything a row says.

    Parameters
    ----------
    name : str
        See :func:`adamax_ref.frameworks.names`.
    play : callable
        What runs it.
    """
    framework = get(name)
    return Row(
        name,
        framework.running,
        framework.settings,
        _departures(name, play),
        _idle(name, play),
        _nan(name, play),
        _first(name, play),
    )


def _departures(name: str, play: Play) -> dict[str, tuple[int, ...]]:
    decays = (0.0, DECAY) if get_dialect(name).options & {"l2", "decoupled"} else (0.0,)
    real = [profile for profile in get(name).profiles if not profile.startswith("c")]
    return {f"{profile}{'+decay' if decay else ''}": compared(name, profile, decay, play) for profile in real for decay in decays}


def compared(name: str, profile: str, decay: float, play: Play, dialect: str = "") -> tuple[int, ...]:
    """Count in how many numbers of p, m and u a framework departs from a dialect, its own unless another is named.

    Parameters
    ----------
    name, profile : str
        Framework and type.
    decay : float
        Weight decay.
    play : callable
        What runs it.
    dialect : str, optional
        With which to compare.
    """
    p, gradients = draw("wide", profile, SIZE, STEPS)
    start = _start(name, profile, p, weight_decay=decay)
    pairs = zip(follow(dialect or name, start, gradients), play(name, start, gradients), strict=True)
    return tuple(mismatches(ours, theirs) for ours, theirs in pairs)


def _start(name: str, profile: str, p: Array, **changes: Any) -> Start:
    h = replace(Hyperparameters(lr=0.01, eps=get_dialect(name).defaults.eps), **changes)
    return Start(profile, h, p, np.zeros_like(p), np.zeros_like(p))


def _ones(profile: str, *values: float) -> list[Array]:
    return [np.full(3, value, dtype_of(profile)) for value in values]


def _idle(name: str, play: Play) -> str:
    if "f16" not in get(name).profiles:
        return "no float16"
    p = play(name, _start(name, "f16", np.ones(3, np.float16)), _ones("f16", 0.0)).p[0]
    return "NaN" if np.isnan(p).any() else "stays" if (p == 1).all() else "moves"


def _nan(name: str, play: Play) -> str:
    plain = get(name).plain
    u = play(name, _start(name, plain, *_ones(plain, 1.0)), _ones(plain, np.nan, 1.0, 2.0)).u
    if not np.isnan(u[0]).any():
        return "stays finite"
    return "NaN for ever" if np.isnan(u[-1]).all() else "recovers"


def _first(name: str, play: Play) -> float:
    eps = 1e-30 if "eps" in get_dialect(name).options else 0.0  # too small to be seen; some frameworks refuse 0
    plain = get(name).plain
    start = _start(name, plain, *_ones(plain, 0.0), lr=0.5, eps=eps)
    return float(abs(play(name, start, _ones(plain, 1.0)).p[0][0])) / 0.5


def table(rows: list[Row]) -> str:
    """Write rows as a Markdown table.

    Examples
    --------
    >>> row = Row("torch", "torch 2.13.0", "CPU", {"f32": (0, 0, 0), "f64": (0, 2, 0)}, "NaN", "NaN for ever", 1.0)
    >>> print(table([row]).splitlines()[-1][:75])
    | torch 2.13.0 | CPU | `torch` | f32 exact; f64: p 0, m 2, u 0 of 204950 ea
    """
    heads = (
        "framework",
        "how it was run",
        "dialect",
        "bits",
        "zero gradient first, float16",
        "norm after NaN",
        "first step / lr",
        "defaults",
    )
    lines = [_line(heads), _line(["---"] * len(heads))]
    return "\n".join([*lines, *(_line(_cells(row)) for row in rows)]) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    h = get_dialect(row.name).defaults
    defaults = f"lr {h.lr:g}, betas {h.beta1:g} {h.beta2:g}, eps {h.eps:g}"
    return (row.running, row.settings, f"`{row.name}`", _bits(row), row.idle, row.nan, f"{row.first:.6g}", defaults)


def _bits(row: Row) -> str:
    """Summarise the comparison: profiles that are exact by name, the others by count.

    Of a known departure only what departs is named, for the count is another on another processor.
    """
    known = get(row.name).departs
    exact = [key for key, counts in row.departures.items() if not sum(counts)]
    parts = [f"{', '.join(exact)} exact"] if exact else []
    for key, counts in row.departures.items():
        if sum(counts) and key.partition("+")[0] in known:
            parts.append(f"{key} differs in {', '.join(what for what, count in zip('pmu', counts, strict=True) if count)}")
        elif sum(counts):
            listed = ", ".join(f"{what} {count}" for what, count in zip("pmu", counts, strict=True))
            parts.append(f"{key}: {listed} of {SIZE * STEPS} each")
    return "; ".join(parts)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
