"""``adamax-ref identify``: which framework's Adamax an implementation follows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ._program import TakesProgram, of_callable

if TYPE_CHECKING:
    from adamax_ref.conformance.identify import Identity
    from adamax_ref.conformance.target import Target

_NEAREST = 3


@click.command(cls=TakesProgram)
@click.argument("target")
@click.option("--confirm/--no-confirm", default=True, help="Whether to judge it on the golden vectors as well.")
@of_callable
def command(target: str, confirm: bool, lacks: tuple[str, ...], declares: tuple[str, ...]) -> None:
    """Say which dialect TARGET follows, from its answers to a few separating probes.

    TARGET is backend:NAME, framework:NAME, callable:MODULE:NAME or, last on the line, -- COMMAND ARGS... Ends with 0
    when a dialect fits, 1 when none does, 2 for wrong input, 3 if the target could not be run.
    """
    from adamax_ref.conformance.identify import identify
    from adamax_ref.conformance.targets import open_target

    with open_target(target, lacks, declares) as opened:
        identity = identify(opened)
        click.echo("\n".join(described(identity)))
        if confirm and identity.names:
            click.echo("\n".join(confirmed(opened, identity.names[0])))
    raise click.exceptions.Exit(0 if identity.names else 1)


def described(identity: "Identity") -> Iterator[str]:
    """Yield what was found, line by line."""
    from adamax_ref.dialects import get

    best = identity.candidates[0]
    if best.fits:
        yield f"{best.name}: {get(best.name).title}"
        yield f"  every bit of {best.numbers} numbers in {len(identity.answered)} probes"
        yield from (f"  the same as far as the answers go: {name}" for name in identity.names[1:])
    else:
        yield f"none of the known dialects; nearest is {best.name}: {get(best.name).title}"
        yield from (f"  differs in {departure}" for departure in best.departures)
        yield from (f"  has no answer to probe {name!r}" for name in best.lacking)
        for other in identity.candidates[1:_NEAREST]:
            yield f"  next is {other.name}, which differs in {len(other.departures) + len(other.lacking)} probes"
    yield from (f"  not answered: probe {name!r}, {why}" for name, why in identity.unanswered.items())


def confirmed(target: "Target", name: str) -> Iterator[str]:
    """Yield the verdicts on the golden vectors of the dialect's family, profile by profile."""
    from adamax_ref.conformance.run import pairs, run
    from adamax_ref.golden.load import open_corpus

    corpus, family = open_corpus(), name.partition("/")[0]
    try:
        wanted = pairs(target, corpus, (family,))
    except ValueError as reason:
        yield f"  not confirmed on the golden vectors: {reason}"
        return
    for dialect, profile in wanted:
        yield f"  golden vectors {dialect}/{profile}: {run(target, corpus, dialect, profile).verdict.text}"
