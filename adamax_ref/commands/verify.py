"""``adamax-ref verify``: judge an implementation against the golden vectors."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click


@click.command()
@click.argument("target")
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--dialect", "dialects", multiple=True, help="Only this dialect; may be repeated.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile (f64, f32, f16, bf16, c64, c128); may be repeated.")
@click.option("--level", type=click.Choice(["core", "full"]), default="core", show_default=True, help="How many cases.")
@click.option("--json", "report", type=click.Path(path_type=Path, dir_okay=False), help="Also write the report as NDJSON.")
def command(
    target: str, golden: Path | None, dialects: tuple[str, ...], profiles: tuple[str, ...], level: str, report: Path | None
) -> None:
    """Judge TARGET, which is backend:NAME or framework:NAME, on everything it declares and the corpus holds.

    Ends with 0 if it conforms, 1 if not or with too little evidence, 2 for wrong input, 3 if it could not be run.
    """
    from adamax_ref.conformance.report import lines, ndjson
    from adamax_ref.conformance.run import pairs, run
    from adamax_ref.conformance.targets import open_target
    from adamax_ref.golden.load import open_corpus

    corpus = open_corpus(golden)
    with open_target(target) as opened:
        wanted = pairs(opened, corpus, dialects, profiles)
        runs = [run(opened, corpus, dialect, profile, level) for dialect, profile in wanted]
    for at, each in enumerate(runs):
        click.echo(("\n" if at else "") + "\n".join(lines(each)))
    if report is not None:
        with replacing(report) as aside:
            aside.write_text("".join(map(ndjson, runs)), encoding="ascii")
    raise click.exceptions.Exit(max(each.verdict.exit for each in runs))


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
