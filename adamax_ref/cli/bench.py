"""``adamax-ref bench``: measure engines beside frameworks, with a verdict on the bits beside every time."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from adamax_ref.bench.problem import Problem
    from adamax_ref.bench.row import Record, Row

MODELS = ("mlp", "resnet50", "gpt2-small")
CPU_GRID = [
    *((1, 10, "f32"), (200, 100, "f32"), (1000, 1000, "f32")),
    *((1, 16_777_216, profile) for profile in ("f32", "f16", "bf16", "f64")),
    *((1, size, "f32") for size in (1000, 100_000, 1_000_000, 67_108_864)),
    *((1000, 1000, profile) for profile in ("f64", "f16", "bf16")),
]
"""Tensors, size and profile of the record in the documentation, behind the models; all with weight decay. What matters most
comes first, for what has been measured is kept when the rest is interrupted."""
DECAY = 0.01
AGAINST = ("class", "tensors", "torch", "torch-foreach", "torch-adamw", "optax")


def _list(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    return [name for name in value.split(",") if name]


@click.command()
@click.option(
    "--backend", "backends", multiple=True, help="An engine; may be repeated. Otherwise all that are fast on this machine."
)
@click.option("--against", default=",".join(AGAINST), show_default=True, callback=_list, help="Peers.")
@click.option("--size", "sizes", multiple=True, type=click.IntRange(0), default=(10, 1000, 1_000_000), show_default=True)
@click.option("--tensors", multiple=True, type=click.IntRange(1), default=(1,), show_default=True, help="How many of that size.")
@click.option("--shapes", "models", multiple=True, help="A model's parameters: a JSON file, or a name; see below.")
@click.option("--profile", "profiles", multiple=True, type=click.Choice(["f64", "f32", "f16", "bf16"]), default=("f32",))
@click.option("--weight-decay", type=click.FloatRange(0), default=0.0, show_default=True)
@click.option("--rounds", type=click.IntRange(2), default=15, show_default=True, help="How often each contender is timed.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the record here.")
@click.option("--plot", "plot_file", type=click.Path(path_type=Path, dir_okay=False), help="Draw it here (.svg, .png, .pdf).")
@click.option("--record", type=click.Path(path_type=Path, file_okay=False), help="Measure the whole grid of the documentation.")
@click.option("--render", is_flag=True, help="With --record: only write the page and the plots anew from the data.")
def command(
    backends: tuple[str, ...],
    against: list[str],
    sizes: tuple[int, ...],
    tensors: tuple[int, ...],
    models: tuple[str, ...],
    profiles: tuple[str, ...],
    weight_decay: float,
    rounds: int,
    json_file: Path | None,
    plot_file: Path | None,
    record: Path | None,
    render: bool,
) -> None:
    """Time a whole step of each engine and peer, interleaved in this process, with a verdict on the bits.

    Peers are torch, torch-foreach, torch-adamw (another algorithm, the same bytes) and optax; class and tensors are
    this package on torch's parameters, by its class for torch's training loops and by its own optimizer. One that is
    not installed is left out with a remark. With --shapes the sizes are those of a model: mlp, resnet50, gpt2-small,
    or a file such as [[100, 64], [64]].
    """
    from adamax_ref.bench.peers import PEERS
    from adamax_ref.bench.plot import plot
    from adamax_ref.bench.problem import Problem, of_model

    for name in against:
        if name not in PEERS:
            raise click.BadParameter(f"unknown peer {name!r}; known are {', '.join(PEERS)}", param_hint="--against")
    if render and record is None:
        raise click.UsageError("--render needs --record FOLDER, where the data lie")
    if record is not None and render:
        data = json.loads((record / "cpu.json").read_text(encoding="utf-8"))
    else:
        grid = [Problem(count, size, profile, weight_decay) for profile in profiles for count in tensors for size in sizes]
        if models:
            grid = [of_model(model, profile, weight_decay) for profile in profiles for model in models]
        if record:
            grid = [*(of_model(model, "f32", DECAY) for model in MODELS), *(Problem(*entry, DECAY) for entry in CPU_GRID)]
        data = _measured(grid, list(backends), against, rounds, partial(_keep, record) if record else None)
    if json_file is not None:
        _write(json_file, _json(data))
    if plot_file is not None:
        plot(data, plot_file)
    if record is not None and render:
        _keep(record, data)


def _fast() -> list[str]:
    """Engines for host memory that update in place: what is worth a measurement when nothing is asked for."""
    from adamax_ref.backend import backend_names, get_backend, why_unavailable

    usable = (get_backend(name) for name in backend_names() if why_unavailable(name) is None)
    return [one.name for one in usable if one.capabilities.in_place and one.capabilities.device != "cuda"]


def _measured(
    grid: "Sequence[Problem]", asked: list[str], against: list[str], rounds: int, keep: "Callable[[Record], None] | None"
) -> "Record":
    """Measure and print; emulation is left out where it was not asked for and takes minutes: it is there to be right."""
    from adamax_ref.bench.record import measure, surroundings

    backends = asked or _fast()
    rows: list[Row] = []
    for problem in grid:
        wanted = backends if asked or problem.profile == "f32" else [name for name in backends if name != "numpy-emulated"]
        new = list(measure(problem, wanted, against, rounds))
        rows += new
        _print(new)
        if keep is not None:
            keep({"surroundings": surroundings(), "plots": [], "rows": rows})
    return {"surroundings": surroundings(), "plots": [], "rows": rows}


def _print(rows: "list[Row]") -> None:
    """Print times with their verdicts, and below them the ratios to the peers: together they are too wide for a screen."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from adamax_ref.bench.table import HEAD, cells, head, peers_of, title

    console, peers = Console(), peers_of(rows)
    console.width = max(console.width, 130)  # narrower than this the numbers would be cut
    texts = [dict(zip(head(peers), cells(row, peers), strict=True)) for row in rows]
    for names, caption in ((HEAD, title(rows[0])), (("contender", *(f"/ {peer}" for peer in peers)), "ratios of medians")):
        table = Table(*names, title=caption, box=box.SIMPLE, title_justify="left")
        for text in texts:
            table.add_row(*(text[name] for name in names))
        console.print(table)


def _keep(folder: Path, data: "Record") -> None:
    """Write data, plots and the page beside the folder."""
    from adamax_ref.bench.plot import plot
    from adamax_ref.bench.table import markdown

    folder.mkdir(parents=True, exist_ok=True)
    data = {**data, "plots": ["cpu.svg"]}
    plot(data, folder / "cpu.svg")
    _write(folder / "cpu.json", _json(data))
    _write(folder.parent / "benchmarks.md", markdown(data))


def _json(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot write {file}: {error.strerror}; name a file in a folder that can be written to") from error
