"""``adamax-ref diff``: two targets side by side, and where their answers part first."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._program import TakesProgram

if TYPE_CHECKING:
    from adamax_ref.conformance.comparison import Comparison


@click.command(cls=TakesProgram)
@click.argument("target_a")
@click.argument("target_b")
@click.option("--golden", type=click.Path(path_type=Path), help="Folder of a corpus; the one in the package if left out.")
@click.option("--dialect", "dialects", multiple=True, help="Only this dialect; may be repeated.")
@click.option("--profile", "profiles", multiple=True, help="Only this profile; may be repeated.")
@click.option("--level", type=click.Choice(["core", "full"]), default="core", show_default=True, help="How many cases.")
def command(
    target_a: str, target_b: str, golden: Path | None, dialects: tuple[str, ...], profiles: tuple[str, ...], level: str
) -> None:
    """Send the same cases to TARGET_A and TARGET_B and show the first number in which they part.

    Targets are written as for verify; a program (-- COMMAND ARGS...) can only be TARGET_B. Ends with 0 when every bit that
    both show agrees, 1 when one differs, one target fails to answer or no number could be compared, 2 for wrong input, 3
    if a target could not be run.
    """
    from adamax_ref.conformance.comparison import compare, quantities
    from adamax_ref.conformance.judge import Status
    from adamax_ref.conformance.run import pairs
    from adamax_ref.conformance.targets import open_target
    from adamax_ref.golden.load import open_corpus
    from adamax_ref.reports.terminal import printable

    corpus, differ = open_corpus(golden), False
    with open_target(target_a) as a, open_target(target_b) as b:
        theirs = pairs(b, corpus, dialects, profiles)
        wanted = [pair for pair in pairs(a, corpus, dialects, profiles) if pair in theirs]
        if not wanted:
            raise ValueError(f"{a.hello.name} and {b.hello.name} have no dialect and profile in common")
        for pair in wanted:
            found = list(compare(a, b, corpus.cases(*pair, level)))
            failed = any(judged.status is Status.ERROR for each in found for judged in each.judged)
            differ |= failed or any(each.parts for each in found) or not any(each.numbers for each in found)
            for line in compared(" ".join(pair), found, (a.hello.name, b.hello.name), quantities(a, b)):
                click.echo(printable(line))
    raise click.exceptions.Exit(int(differ))


def compared(where: str, found: "Sequence[Comparison]", names: tuple[str, str], shown: Sequence[str]) -> Iterator[str]:
    """Yield how two targets compare in one dialect and profile, line by line."""
    from adamax_ref.conformance.comparison import answered, kind
    from adamax_ref.conformance.judge import Status

    together = [each for each in found if each.compared]
    apart = [each for each in together if each.parts]
    numbers = sum(each.numbers for each in together)
    one_sided = [each for each in found if not each.compared and any(map(answered, each.judged))]
    one_sided.sort(key=lambda each: all(judged.status is not Status.ERROR for judged in each.judged))
    compared = "every compared bit agrees" if one_sided else "every bit agrees"
    agree = compared if numbers else "no number was compared"
    counts = f"{len(together)} cases compared, {len(found) - len(together)} not"
    yield f"{where}   {counts}; {numbers} numbers of {', '.join(shown)}; {f'{len(apart)} part' if apart else agree}"
    alone = next(iter(one_sided or ([] if together else found)), None)
    if apart:
        yield from _told(apart[0], names)
    elif alone is not None:
        yield f"        not compared, for example: {alone.case.id}: {' / '.join(map(kind, alone.judged))}"


def _told(comparison: "Comparison", names: tuple[str, str]) -> Iterator[str]:
    """Yield the first case in which two targets part."""
    from adamax_ref.conformance.comparison import kind
    from adamax_ref.reports.terminal import count, decimal, place

    case, first = comparison.case, comparison.first
    if first is None:
        yield f"first   {case.id} rev {case.rev}"
        yield from (f"        {name}: {kind(each)}" for name, each in zip(names, comparison.judged, strict=True))
        return
    yield f"first   {case.id} rev {case.rev}  step {first.step}  {place(first)}"
    for name, text, judged in zip(names, (first.got, first.want), comparison.judged, strict=True):
        yield f"        {text if first.index is None else decimal(case.form, text)}  {name}: {judged.status}"
    if first.index is not None:
        yield f"        apart by {'a NaN on one side only' if first.ulps is None else f'{count(first.ulps)} ulp'}"
    yield f"        why {case.why}"
