"""The table of ``adamax-ref bugs --naming``: how many bugs get their right name, by what a target shows."""

from collections.abc import Iterator

from adamax_ref.conformance.kills import parts
from adamax_ref.conformance.naming import ALL, THETA, Naming, naming
from adamax_ref.conformance.replay import Replay
from adamax_ref.golden.load import Corpus


def table(corpus: Corpus, dialects: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the table in Markdown, a row for each dialect and profile."""
    yield "| dialect and profile | bugs | named first if all is shown | if theta alone is | wrong names |"
    yield "| --- | --- | --- | --- | --- |"
    for pair in sorted(corpus.manifest.floors):
        if not dialects or pair.split("/")[0] in dialects:
            yield _row(corpus, *pair.split("/"))


def _row(corpus: Corpus, dialect: str, profile: str) -> str:
    cases, replay = corpus.cases(dialect, profile), Replay(parts(dialect, profile))
    found = [naming(cases, exposes, replay) for exposes in (ALL, THETA)]
    wrong = ", ".join(sorted({name for each in found for name in each.wrong})) or "none"
    shares = " | ".join(map(_share, found))
    return f"| {dialect} {profile} | {found[0].bugs} | {shares} | {wrong} |"


def _share(found: Naming) -> str:
    return f"{found.first} ({found.share:.0%})"
