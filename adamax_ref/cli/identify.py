"""``adamax-ref identify``: which framework's Adamax an implementation follows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ._program import TakesProgram, of_callable

if TYPE_CHECKING:
    from adamax_ref.conformance.identify import Identity
    from adamax_ref.conformance.target import Target
    from adamax_ref.conformance.verdict import Verdict

_NEAREST = 3


@click.command(cls=TakesProgram)
@click.argument("target")
@click.option("--confirm/--no-confirm", default=True, help="Whether to judge it on the golden vectors as well.")
@of_callable
def command(target: str, confirm: bool, lacks: tuple[str, ...], declares: tuple[str, ...]) -> None:
    """Say which dialect TARGET follows, from its answers to a few separating probes.

    TARGET is backend:NAME, framework:NAME, callable:MODULE:NAME or, last on the line, -- COMMAND ARGS... Ends with 0
    when a dialect fits, 1 when none does or no golden vectors confirm it, 2 for wrong input, 3 if the target could not be run.
    """
    from adamax_ref.conformance.identify import identify
    from adamax_ref.conformance.targets import open_target

    with open_target(target, lacks, declares) as opened:
        identity = identify(opened)
        click.echo("\n".join(described(identity, opened.hello.exposes)))
        runs = confirmed(opened, identity.names[0]) if confirm and identity.names else ()
        verdicts = []
        for verdict, line in runs:
            click.echo(line)
            verdicts += [verdict] if verdict is not None else []
    denied = bool(verdicts) and not any(verdict.grade.conforms for verdict in verdicts)
    raise click.exceptions.Exit(int(denied or not identity.names))


def described(identity: "Identity", exposes: Sequence[str]) -> Iterator[str]:
    """Yield the result, line by line."""
    from adamax_ref.dialects import get
    from adamax_ref.golden.case import QUANTITIES

    best = identity.candidates[0]
    if best.fits:
        yield f"{best.name}: {get(best.name).title}"
        shown = [name for name in QUANTITIES if name in exposes]
        only = "" if len(shown) == len(QUANTITIES) else f" of {' and '.join(shown)} alone"
        yield f"  every bit of {best.numbers} numbers{only} in {len(identity.answered)} probes"
        yield from (f"  the same as far as the answers go: {name}" for name in identity.names[1:])
    else:
        yield f"none of the known dialects; nearest is {best.name}: {get(best.name).title}"
        yield from (f"  differs in {departure}" for departure in best.departures)
        yield from (f"  has no answer to probe {name!r}" for name in best.lacking)
        for other in identity.candidates[1:_NEAREST]:
            yield f"  next is {other.name}, which differs in {len(other.departures) + len(other.lacking)} probes"
    yield from (f"  not answered: probe {name!r}, {why}" for name, why in identity.unanswered.items())


def confirmed(target: "Target", name: str) -> Iterator[tuple["Verdict | None", str]]:
    """Yield the verdicts on the golden vectors of the dialect's family, profile by profile, each with its line."""
    from adamax_ref.conformance.run import pairs, run
    from adamax_ref.golden.load import open_corpus

    corpus, family = open_corpus(), name.partition("/")[0]
    try:
        wanted = pairs(target, corpus, (family,))
    except ValueError as reason:
        yield None, f"  not confirmed on the golden vectors: {reason}"
        return
    for dialect, profile in wanted:
        verdict = run(target, corpus, dialect, profile).verdict
        yield verdict, f"  golden vectors {dialect}/{profile}: {verdict.text}"
