"""``adamax-ref dialects``: every Adamax there is, or one of them in full."""

from collections.abc import Iterator
from pathlib import Path

import click

from adamax_ref.recipe.dialect import Dialect, Evidence


@click.command()
@click.argument("name", required=False)
@click.option("--against", metavar="OTHER", help="Show how far and how fast NAME and this dialect drift apart.")
@click.option("--profile", default="f32", show_default=True, help="Number types of the drift: f64, f32, f16 or bf16.")
@click.option("--steps", type=click.IntRange(2), default=256, show_default=True, help="Length of the drift.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the drift into this file: .svg, .png or .pdf.")
@click.option("--lr", type=float, help="Learning rate of the drift; NAME's default if left out, as below.")
@click.option("--beta1", type=float)
@click.option("--beta2", type=float)
@click.option("--eps", type=float)
@click.option("--weight-decay", type=float)
def command(name: str | None, against: str | None, profile: str, steps: int, plot: Path | None, **changes: float | None) -> None:
    """List all dialects, show one (formula, recipe, defaults, quirks, source), or hold one against another."""
    from rich.console import Console

    if against is not None:
        from adamax_ref.quality.drift import described_drift

        if name is None:
            raise click.UsageError("--against needs a dialect to compare with; write NAME --against OTHER")
        click.echo("\n".join(described_drift(name, against, profile, steps, changes, plot)))
    elif plot is not None:
        raise click.UsageError("--plot draws a drift; write NAME --against OTHER --plot FILE")
    elif name is None:
        Console().print(_table())
    else:
        from adamax_ref.dialects import get

        click.echo("\n".join(described(get(name))))


def _table() -> object:
    from rich.table import Table

    from adamax_ref.dialects import get, names

    table = Table("dialect", "what it is", "evidence", "profiles", "variants")
    for each in names():
        dialect = get(each)
        known = " ".join(dialect.variants)
        table.add_row(each, dialect.title, dialect.provenance.evidence, " ".join(dialect.profiles), known)
    return table


def described(dialect: Dialect) -> Iterator[str]:
    """Yield the description of a dialect, line by line.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> next(described(get("paper")))
    'paper: Kingma & Ba 2015, Algorithm 2'
    """
    source = dialect.provenance
    yield f"{dialect.name}: {dialect.title}"
    yield f"  framework  {source.framework}, {source.versions}"
    yield f"  evidence   {evidence_of(dialect)}"
    yield f"  source     {source.source}"
    yield from (f"  see        {link}" for link in source.links)
    h = dialect.defaults
    yield f"  defaults   lr={h.lr} betas=({h.beta1}, {h.beta2}) eps={h.eps} weight_decay={h.weight_decay}"
    yield f"  options    {', '.join(sorted(dialect.options)) or 'none'}"
    yield f"  profiles   {', '.join(dialect.profiles)}"
    for variant in dialect.variants.values():
        yield f"  variant    {variant.name}: {variant.title}"
    yield from (f"  quirk      {quirk}" for quirk in dialect.quirks)
    recipe = dialect.recipe(h, dialect.profiles[0])
    yield "\nformula\n" + _indented(recipe.latex())
    yield f"\nrecipe in {dialect.profiles[0]}\n" + _indented(str(recipe))


def evidence_of(dialect: Dialect) -> str:
    """Return how a dialect is known: what the test run compares it with and in which profiles, or that nothing was run.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> evidence_of(get("torch/unfused"))
    'measured live: torch 2.13.0 in f64, f32, f16, bf16'
    >>> evidence_of(get("torch/cuda"))
    'read from source; nothing was run'
    """
    from adamax_ref import frameworks

    source = dialect.provenance
    if source.evidence is not Evidence.LIVE:
        return f"{source.evidence}; nothing was run"
    framework = frameworks.get(dialect.name)
    compared = ", ".join(profile for profile in framework.profiles if profile not in framework.departs)
    apart = "".join(f"; not in {profile}: {cause}" for profile, cause in framework.departs.items())
    return f"{source.evidence}: {source.measured} in {compared}{apart}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
