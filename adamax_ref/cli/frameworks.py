"""``adamax-ref frameworks``: run every installed framework and say which Adamax it has."""

from pathlib import Path

import click

BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


@click.command()
@click.option("--write", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Renew the table in this document.")
def command(write: Path | None) -> None:
    """Run every framework that is installed here and print the table; what is missing is listed on standard error.

    With --write all frameworks must be installed, since the document speaks of all of them. Ends with 1 when one does
    not give its dialect's bits, other than in the departures that are known.
    """
    from adamax_ref.frameworks import get, names
    from adamax_ref.frameworks.child import children
    from adamax_ref.quality.survey import survey, table

    missing = [name for name in names() if not get(name).installed]
    for name in missing:
        click.echo(f"{name} is not installed; {get(name).remedy}", err=True)
    if write is not None and missing:
        raise ValueError(f"{write} speaks of every framework, but {', '.join(missing)} cannot be run here; install them")
    with children() as running:
        rows = [survey(name, running.play) for name in names() if name not in missing]
    if write is None:
        click.echo(table(rows), nl=False)
    else:
        write.write_text(renewed(write.read_text(encoding="utf-8"), table(rows)), encoding="utf-8")
    raise click.exceptions.Exit(0 if all(row.expected for row in rows) else 1)


def renewed(document: str, table: str) -> str:
    r"""Put a table between the marks of a document.

    Raises
    ------
    ValueError
        When the document lacks a mark.

    Examples
    --------
    >>> renewed(f"a\n{BEGIN}old\n{END}b\n", "new\n").splitlines()[2]
    'new'
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no place for the table; put {BEGIN.strip()} and {END.strip()} on lines of their own")
    return before + BEGIN + table + END + after
