"""``adamax-ref bugs``: the wrong Adamaxes that the corpus must catch, or one of them in full."""

from collections.abc import Iterator

import click

from adamax_ref.golden.load import Corpus


@click.command()
@click.argument("name", metavar="[ID]", required=False)
def command(name: str | None) -> None:
    """List the bug bank, or explain one entry: what goes wrong, the line to look at, the smallest case that shows it."""
    from adamax_ref.conformance.bugs import bank
    from adamax_ref.golden.load import open_corpus

    if name is None:
        for bug in bank().values():
            click.echo(f"{bug.id}  {bug.title}")
        return
    if name not in bank():
        raise ValueError(f"unknown bug {name!r}; `adamax-ref bugs` lists them")
    click.echo("\n".join(explained(name, open_corpus())))


def explained(name: str, corpus: Corpus) -> Iterator[str]:
    r"""Yield the explanation of a bug, line by line.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> print("\n".join(list(explained("B16", open_corpus()))[:3]))
    B16 u decays with beta1
      in training  The norm forgets within ten steps.
      look at      max(beta1 * u, |g|)
    """
    from adamax_ref.conformance.bugs import bank

    bug = bank()[name]
    yield f"{bug.id} {bug.title}"
    yield f"  in training  {bug.effect}"
    yield f"  look at      {bug.hint}"
    for pair in sorted(corpus.manifest.floors):
        cases = [case for case in corpus.cases(*pair.split("/")) if name in case.kills]
        if cases:
            smallest = min(cases, key=lambda case: (len(case.steps), len(case.init.theta), case.id))
            yield f"  {pair:<12} killed by {len(cases)} cases; the smallest is {smallest.id}"
            yield f"  {'':<12} {smallest.why}"
        else:
            yield f"  {pair:<12} cannot be made there, or cannot show"
