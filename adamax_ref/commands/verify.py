"""``adamax-ref verify``: judge an implementation against the golden vectors."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ._program import TakesProgram

if TYPE_CHECKING:
    from adamax_ref.golden.load import Corpus


@click.command(cls=TakesProgram)
@click.argument("target")
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--dialect", "dialects", multiple=True, help="Only this dialect; may be repeated.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile (f64, f32, f16, bf16, c64, c128); may be repeated.")
@click.option("--level", type=click.Choice(["core", "full"]), default="core", show_default=True, help="How many cases.")
@click.option("--json", "report", type=click.Path(path_type=Path, dir_okay=False), help="Also write the report as NDJSON.")
@click.option(
    "--transcript", type=click.File("w", encoding="ascii", lazy=True), help="Also write what a program was asked and answered."
)
@click.option("--dask", "address", help="Judge on the Dask cluster whose scheduler listens there.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Judge in so many local processes.")
def command(
    target: str,
    golden: Path | None,
    dialects: tuple[str, ...],
    profiles: tuple[str, ...],
    level: str,
    report: Path | None,
    transcript: TextIO | None,
    address: str | None,
    jobs: int,
) -> None:
    """Judge TARGET on everything it declares and the corpus holds.

    TARGET is backend:NAME, framework:NAME, answers:FILE or, last on the line, a program: -- COMMAND ARGS...

    Ends with 0 if it conforms, 1 if not or with too little evidence, 2 for wrong input, 3 if it could not be run.
    """
    from adamax_ref.conformance.report import lines, ndjson
    from adamax_ref.conformance.run import pairs, run
    from adamax_ref.conformance.targets import open_target
    from adamax_ref.farm import farm
    from adamax_ref.golden.load import open_corpus

    corpus = open_corpus(golden)
    alone = address is None and jobs == 1
    with open_target(target) as opened:
        if transcript is not None:
            if not alone:
                raise click.UsageError("--transcript needs one process; leave out --jobs and --dask")
            opened.record(transcript)
        wanted = pairs(opened, corpus, dialects, profiles)
        refuse_strangers(opened.answered, corpus, wanted, level)
        if alone:
            runs = [run(opened, corpus, dialect, profile, level) for dialect, profile in wanted]
    if not alone:
        with farm(address, jobs) as mapper:
            runs = list(mapper(partial(judged_elsewhere, target, golden, level), wanted))
    for at, each in enumerate(runs):
        click.echo(("\n" if at else "") + "\n".join(lines(each)))
    if report is not None:
        with replacing(report) as aside:
            aside.write_text("".join(map(ndjson, runs)), encoding="ascii")
    raise click.exceptions.Exit(max(each.verdict.exit for each in runs))


def refuse_strangers(answered: frozenset[str], corpus: "Corpus", wanted: list[tuple[str, str]], level: str) -> None:
    """Refuse answers to cases that are none of those asked; ValueError names one."""
    asked = {case.id for pair in wanted for case in corpus.cases(*pair, level)} if answered else set()
    strangers = sorted(answered - asked)
    if strangers:
        raise ValueError(
            f"{strangers[0][:120]!r} is answered, but no case that is asked; ask with --dialect, --profile and --level"
        )


def judged_elsewhere(target: str, golden: Path | None, level: str, pair: tuple[str, str]) -> Any:
    """Open target and corpus anew, in whatever process this is, and judge one dialect and profile."""
    from adamax_ref.conformance.run import run
    from adamax_ref.conformance.targets import open_target
    from adamax_ref.golden.load import open_corpus

    with open_target(target) as opened:
        return run(opened, open_corpus(golden), *pair, level)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer a file beside `path` and put it in its place at the end; ValueError when it cannot be written."""
    aside = path.with_name(f".{path.name}.partial")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error
    finally:
        with suppress(OSError):
            aside.unlink()
