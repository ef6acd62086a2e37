"""``adamax-ref dialects``: every Adamax there is, or one of them in full."""

from collections.abc import Iterator

import click

from adamax_ref.law.dialect import Dialect


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List all dialects, or show one: formula, recipe, defaults, quirks and where it comes from."""
    from rich.console import Console

    if name is None:
        Console().print(_table())
    else:
        from adamax_ref.dialects import get

        click.echo("\n".join(described(get(name))))


def _table() -> object:
    from rich.table import Table

    from adamax_ref.dialects import get, names

    table = Table("dialect", "what it is", "checked", "profiles", "variants")
    for each in names():
        dialect = get(each)
        known = " ".join(dialect.variants)
        table.add_row(each, dialect.title, dialect.provenance.checked, " ".join(dialect.profiles), known)
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
    yield f"  framework  {source.framework}, {source.versions} (checked: {source.checked})"
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


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
