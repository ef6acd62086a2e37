"""``adamax-ref golden questions``: what a program is asked, to be answered where this package is not."""

from pathlib import Path

import click


@click.command()
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--dialect", "dialects", multiple=True, help="Only this dialect; may be repeated.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile; may be repeated.")
@click.option("--level", type=click.Choice(["core", "full"]), default="core", show_default=True, help="How many cases.")
def questions(golden: Path | None, dialects: tuple[str, ...], profiles: tuple[str, ...], level: str) -> None:
    """Print what a program is asked and nothing of what it must answer.

    Every line is a request of the pipe protocol: what a program that speaks it prints in return is a file of answers.
    """
    from adamax_ref.conformance.answer import Hello
    from adamax_ref.conformance.protocol import HELLO, line, request
    from adamax_ref.conformance.run import chosen
    from adamax_ref.golden.load import open_corpus

    corpus = open_corpus(golden)
    click.echo(line(HELLO), nl=False)
    for dialect, profile in chosen(Hello("anybody", "", "", (), ()), corpus, dialects, profiles):
        for case in corpus.cases(dialect, profile, level):
            click.echo(line(request(case, dialect)), nl=False)
