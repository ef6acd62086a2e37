"""``adamax-ref verify``: judge an implementation, or all that are here, against the golden vectors."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adamax_ref.backend.threads import usable_processors

from ._program import TakesProgram, of_callable

if TYPE_CHECKING:
    from adamax_ref.conformance.run import Run
    from adamax_ref.conformance.run_all import Outcome, Question
    from adamax_ref.golden.parallel import Mapper

_FORMS = {
    "json": "Also write the report as NDJSON.",
    "junit": "Also write it as JUnit XML.",
    "badge": "Also write the verdict as a badge, JSON for shields.io.",
    "html": "Also write it as one page of HTML.",
}


def files(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for every form in which a report is written to a file."""
    for form, text in reversed(_FORMS.items()):
        command = click.option(f"--{form}", form, type=click.Path(path_type=Path, dir_okay=False), help=text)(command)
    return command


@click.command(cls=TakesProgram)
@click.argument("target", required=False)
@click.option("--all", "everything", is_flag=True, help="Judge every engine and every installed framework instead of one target.")
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--dialect", "dialects", multiple=True, help="Only this dialect; may be repeated.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile (f64, f32, f16, bf16, c64, c128); may be repeated.")
@click.option("--level", type=click.Choice(["core", "full"]), default="core", show_default=True, help="How many cases.")
@of_callable
@files
@click.option(
    "--transcript", type=click.Path(path_type=Path, dir_okay=False), help="Also write what a program was asked and answered."
)
@click.option("--dask", "address", help="Judge on the Dask cluster whose scheduler listens there.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Judge in so many local processes; one for each core if left out with --all or --level full, else in this one.",
)
def command(
    target: str | None,
    everything: bool,
    golden: Path | None,
    dialects: tuple[str, ...],
    profiles: tuple[str, ...],
    level: str,
    lacks: tuple[str, ...],
    declares: tuple[str, ...],
    transcript: Path | None,
    address: str | None,
    jobs: int | None,
    **forms: Path | None,
) -> None:
    """Judge TARGET on everything it declares and the corpus holds.

    TARGET is backend:NAME, framework:NAME, callable:MODULE:NAME (a class or function in Python), answers:FILE, bug:ID (a
    wrong one, to see a report) or, last on the line, a program: -- COMMAND ARGS...

    Failures that adamax-waivers.json in this folder lists are waived. Ends with 0 if it conforms, 1 if not or with too
    little evidence, 2 for wrong input, 3 if it could not be run.
    """
    from adamax_ref.conformance.run_all import Question
    from adamax_ref.conformance.waivers import FILE, read_waivers
    from adamax_ref.golden.load import open_corpus
    from adamax_ref.golden.parallel import parallel_map
    from adamax_ref.reports.writers import write

    if everything is (target is not None):
        raise click.UsageError("name one target, or all of them with --all")
    if everything and (lacks or declares):
        raise click.UsageError("--lacks and --declares are for one callable:MODULE:NAME; leave --all out")
    if transcript is not None and (everything or address is not None or (jobs or 1) > 1):
        raise click.UsageError("--transcript needs one target and one process; leave out --all, --jobs and --dask")
    waivers = read_waivers(Path(FILE), open_corpus(golden))
    question = Question(golden, dialects, profiles, level, waivers, lacks, declares)
    if jobs is None:
        jobs = usable_processors() if is_much(everything, question) and transcript is None else 1
    with parallel_map(address, jobs) as mapper:
        if target is None:
            runs, code = all_judged(question, mapper)
        elif address is None and jobs == 1:
            runs, code = judged(target, question, transcript)
        else:
            runs, code = judged_apart(target, question, mapper)
    for form, path in forms.items():
        if path is not None and runs:
            write(form, path, runs)
    raise click.exceptions.Exit(code)


def is_much(everything: bool, question: "Question") -> bool:
    """Return True if so much is asked that other processes are worth their start of some seconds each."""
    return (everything or question.level == "full") and not (question.dialects or question.profiles)


def judged(target: str, question: "Question", transcript: Path | None) -> tuple[list["Run"], int]:
    """Judge a target in this process and print the reports."""
    from adamax_ref.conformance.run import run
    from adamax_ref.conformance.run_all import pairs_asked
    from adamax_ref.golden.load import open_corpus

    corpus = open_corpus(question.golden)
    with question.open(target) as opened:
        if transcript is not None:
            opened.record(transcript)
        wanted = pairs_asked(opened, corpus, question)
        runs = [run(opened, corpus, *pair, question.level, waivers=question.waivers) for pair in wanted]
    return shown(runs)


def judged_apart(target: str, question: "Question", mapper: "Mapper") -> tuple[list["Run"], int]:
    """Judge a target with every dialect and profile in a process of its own."""
    from adamax_ref.conformance.run_all import judge_pair, pairs_asked
    from adamax_ref.golden.load import open_corpus

    with question.open(target) as opened:
        wanted = pairs_asked(opened, open_corpus(question.golden), question)
    return shown(list(mapper(partial(judge_pair, target, question), wanted)))


def shown(runs: Sequence["Run"]) -> tuple[list["Run"], int]:
    """Print the report on each run; return them with the exit code."""
    from adamax_ref.reports.terminal import lines

    for at, each in enumerate(runs):
        click.echo(("\n" if at else "") + "\n".join(lines(each)))
    return list(runs), max(each.verdict.exit for each in runs)


def all_judged(question: "Question", mapper: "Mapper") -> tuple[list["Run"], int]:
    """Judge every target and print a line for each dialect and profile, then what departs and what is not here."""
    from adamax_ref.conformance.run_all import outcomes
    from adamax_ref.reports.terminal import lines, matrix

    found = []
    for each in outcomes(question, mapper):
        found.append(each)
        for line in matrix(each.target, each.runs):
            click.echo(line)
    runs = [run for each in found for run in each.reported]
    for run in runs:
        if run.verdict.exit and run.verdict.cases:
            click.echo("\n" + "\n".join(lines(run)))
    click.echo("\n".join(("", *left_out(found))))
    if not any(each.runs for each in found):
        raise ValueError("nothing that is here declares what was asked for; leave out --dialect and --profile")
    return runs, max(each.exit for each in found)


def left_out(found: Sequence["Outcome"]) -> Iterator[str]:
    """Yield what was not judged, and why."""
    for each in found:
        if each.reason:
            yield f"{'could not be run' if each.broken else 'not judged':<16}  {each.target}: {each.reason}"
