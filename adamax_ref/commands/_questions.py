"""``adamax-ref golden questions``: what a program is asked, to be answered where this package is not."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from adamax_ref.golden.case import Case


@click.command()
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--dialect", "dialects", multiple=True, help="Only this dialect; may be repeated.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile; may be repeated.")
@click.option("--level", type=click.Choice(["core", "full"]), default="core", show_default=True, help="How many cases.")
def questions(golden: Path | None, dialects: tuple[str, ...], profiles: tuple[str, ...], level: str) -> None:
    """Print what a program is asked and nothing of what it must answer.

    Every line is a request of the pipe protocol: what a program that speaks it prints in return is a file of answers. Cases have
    numbers instead of their ids, and come in the order of these; steps have no constants. Ids tell what a case is about, and
    only what must be computed has constants.
    """
    from adamax_ref.conformance.answer import Hello
    from adamax_ref.conformance.protocol import HELLO, line
    from adamax_ref.conformance.run import chosen
    from adamax_ref.golden.load import open_corpus

    corpus = open_corpus(golden)
    click.echo(line(HELLO), nl=False)
    for dialect, profile in chosen(Hello("anybody", "", "", (), ()), corpus, dialects, profiles):
        for case in sorted(corpus.cases(dialect, profile, level), key=lambda case: case.number):
            click.echo(line(_blind(case)), nl=False)


def _blind(case: "Case") -> dict[str, Any]:
    """Return the question of a case under its number, with nothing that depends on what must come out."""
    from adamax_ref.conformance.protocol import request, without_constants

    return {**without_constants(request(case, case.dialect)), "id": case.number}
