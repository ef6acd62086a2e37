"""``adamax-ref bounds``: the evidence that the bounds hold and are tight, and how they compare with usual tolerances."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from adamax_ref.quality.bound_tally import Evidence


@click.command()
@click.option("--dialect", "name", default="torch", show_default=True, help="Whose bounds.")
@click.option("--profile", "profiles", multiple=True, help="One or more of f64, f32, f16, bf16; all unless given.")
@click.option("--random", "count", default=20_000, show_default=True, help="Random steps for each permitted recipe.")
@click.option("--searched", default=1_000, show_default=True, help="Searched steps for each permitted recipe.")
@click.option("--trajectories", default=5, show_default=True, help="Trajectories for each permitted recipe.")
@click.option("--length", default=50, show_default=True, help="Steps of a trajectory.")
@click.option("--decay", is_flag=True, help="With weight decay, of which there are more recipes.")
@click.option("--flush", is_flag=True, help="Permit, and run, recipes that turn subnormal numbers into zeros as well.")
@click.option("--oracles", default=0, help="Compare both oracles on so many random steps of all dialects and profiles.")
@click.option("--bench", is_flag=True, help="Measure how long certified values take, and nothing else.")
@click.option("--seed", default=1, show_default=True, help="Where the random numbers start.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures there as well, one object a line.")
def command(
    name: str,
    profiles: tuple[str, ...],
    count: int,
    searched: int,
    trajectories: int,
    length: int,
    decay: bool,
    flush: bool,
    oracles: int,
    bench: bool,
    seed: int,
    out: Path | None,
) -> None:
    """Print observed errors of every permitted recipe against the bound, and a table of tolerances.

    Exit code 1 when an answer lies outside its bound, or the oracles differ.
    """
    import json

    from adamax_ref.dialects import get
    from adamax_ref.quality import bound_costs as _speed
    from adamax_ref.quality import bound_costs as _tolerances
    from adamax_ref.quality import bound_evidence as _evidence

    if bench:
        for line in _speed.lines():
            click.echo(line)
        return
    dialect = get(name)
    known = tuple(profile for profile in ("f64", "f32", "f16", "bf16") if profile in dialect.profiles)
    click.echo(HEAD)
    found: list[Evidence] = []
    for profile in profiles or known:
        subject = _evidence.Subject(dialect, profile, decay, flush)
        if count:
            found.append(_shown(_evidence.random_steps(subject, count, seed)))
        if searched:
            found.append(_shown(_evidence.searched_steps(subject, searched, seed)))
        if trajectories:
            found.append(_shown(_evidence.trajectories(subject, trajectories, length, seed)))
    if out is not None:
        out.write_text("".join(json.dumps(asdict(one), sort_keys=True) + "\n" for one in found), encoding="ascii")
    click.echo("\n" + "\n".join(_tolerances.table()))
    different = _agreement(oracles, seed) if oracles else 0
    raise SystemExit(1 if different or any(one.outside for one in found) else 0)


HEAD = (
    f"{'dialect':<18}{'profile':<9}{'inputs':<27}{'recipes':>7}{'steps each':>12}{'outside':>9}{'overflow':>10}"
    "   error/bound: worst (median)"
)


def _shown(one: "Evidence") -> "Evidence":
    """Print one line of the evidence."""
    figures = "  ".join(f"{name} {one.worst[name]:.2f} ({one.median[name]:.2f})" for name in "pmu")
    counts = f"{one.recipes:>7}{one.steps:>12}{one.outside:>9}{one.overflowed:>10}"
    click.echo(f"{one.dialect:<18}{one.profile:<9}{one.kind:<27}{counts}   {figures}")
    return one


def _agreement(count: int, seed: int) -> int:
    from adamax_ref.exact.second_oracle import disagreements

    done, found = disagreements(count, seed)
    click.echo(f"\noracles: {done} steps of single elements over all dialects and profiles, {len(found)} differences")
    for one in found[:10]:
        click.echo(str(one))
    return len(found)
