"""``adamax-ref bugs``: the wrong Adamaxes that the corpus must catch, one of them in full, or how well they are caught."""

from collections.abc import Sequence
from pathlib import Path

import click


@click.command()
@click.argument("name", metavar="[ID]", required=False)
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--rates", is_flag=True, help="Count what the core cases kill: entries of the bank, and mutants of the law.")
@click.option("--against-checks", is_flag=True, help="Count what the usual checks of other projects catch, beside these cases.")
@click.option("--naming", is_flag=True, help="Count how many bugs get their right name, every one judged as a target.")
@click.option("--dialect", "dialects", multiple=True, help="With --rates and --naming: only this dialect; may be repeated.")
@click.option("--page", type=click.Path(path_type=Path, exists=True), help="Write the tables into this page, between their marks.")
def command(
    name: str | None,
    golden: Path | None,
    rates: bool,
    against_checks: bool,
    naming: bool,
    dialects: tuple[str, ...],
    page: Path | None,
) -> None:
    """List the bug bank, or explain one entry: what goes wrong, the line to look at, the smallest case that shows it.

    Ends with 0; with --rates with 1 if a bug or a mutant that could show is not killed; 2 for wrong input.
    """
    from adamax_ref.bugs import bank
    from adamax_ref.golden.load import open_corpus

    complete = True
    if page is not None:
        from adamax_ref.quality.page_tables import between

        for mark, wanted in (("checks", against_checks), ("rates", rates), ("naming", naming)):
            if wanted:  # what the page lacks is said before minutes of counting
                between(page.read_text(encoding="utf-8"), mark)
    if against_checks:
        from adamax_ref.quality.other_checks import compared

        _show(list(compared(open_corpus(golden))), "checks", page)
    if rates:
        from adamax_ref.quality.kill_rates import counted

        table, left, complete = counted(open_corpus(golden), dialects)
        _show(table, "rates", page)
        click.echo("\n".join(left))
    if naming:
        from adamax_ref.quality.bug_naming import table as names

        _show(list(names(open_corpus(golden), dialects)), "naming", page)
    if name is not None:
        from adamax_ref.bugs.explained import explained

        click.echo("\n".join(explained(name, open_corpus(golden))))
    elif not (rates or against_checks or naming):
        for bug in bank().values():
            click.echo(f"{bug.id}  {bug.title}")
    raise click.exceptions.Exit(int(not complete))


def _show(table: Sequence[str], mark: str, page: Path | None) -> None:
    """Print a table, or write it between its marks into a page."""
    if page is None:
        click.echo("\n".join(table))
        return
    from adamax_ref.quality.page_tables import rewrite

    rewrite(page, mark, table)
