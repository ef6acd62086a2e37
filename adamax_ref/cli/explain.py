"""``adamax-ref explain``: the story of one case, in words and decimal numbers."""

from pathlib import Path

import click

from ._program import TakesProgram, of_callable


@click.command(cls=TakesProgram)
@click.argument("case_id", metavar="CASE-ID")
@click.argument("program", required=False, metavar="[-- COMMAND ARGS...]")
@click.option(
    "--target",
    help="Also show what this target answers: backend:NAME, framework:NAME, callable:MODULE:NAME, answers:FILE, bug:ID.",
)
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--element", type=click.IntRange(0), help="Which element to follow; where the target goes wrong, or the first.")
@of_callable
@click.option(
    "--steps", type=click.IntRange(1), default=3, show_default=True, help="How many steps to show operation by operation."
)
def command(
    case_id: str,
    program: str | None,
    target: str | None,
    golden: Path | None,
    element: int | None,
    steps: int,
    lacks: tuple[str, ...],
    declares: tuple[str, ...],
) -> None:
    """Tell why CASE-ID is in the corpus, what it computes operation by operation, and how each bug that it kills looks.

    With a target, or a program behind "--", also what that answers and which of its steps is the first that is wrong by
    itself. Ends with 0, with 1 if the target's answer fails, 2 for wrong input, 3 if the target could not be run.
    """
    from adamax_ref.conformance.judge import ask
    from adamax_ref.conformance.targets import open_target
    from adamax_ref.golden.load import open_corpus
    from adamax_ref.reports.story import answered, found, story
    from adamax_ref.reports.terminal import printable

    if target is not None and program is not None:
        raise click.UsageError("name one target: --target NAME, or a program behind --")
    case = found(open_corpus(golden), case_id)
    name = program or target
    judged = hello = None
    if name is not None:
        with open_target(name, lacks, declares) as opened:
            judged, hello = ask(opened, case), opened.hello_for(case.dialect)
    first = None if judged is None else judged.first
    place = element if element is not None else (first.index if first is not None and first.index is not None else 0)
    for line in story(case, place, steps):
        click.echo(printable(line))
    if judged is not None and hello is not None:
        for line in answered(judged, hello):
            click.echo(printable(line))
    raise click.exceptions.Exit(int(judged is not None and judged.fails))
