"""A record as tables: for the terminal and for the documentation."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from .row import Record, Row

HEAD = (
    "contender",
    "median",
    "spread",
    "ns/element",
    "bytes/element",
    "% of copy",
    "% of same words",
    "calls",
    "extra memory",
    "bits",
)


def cells(row: Row, peers: Sequence[str]) -> list[str]:
    """Return the texts of one row; nothing but the reason where there is no time.

    Examples
    --------
    >>> cells({"name": "x", "verdict": "did not take part: no such thing"}, [])[-1]
    'did not take part: no such thing'
    """
    if "median" not in row:
        return [row["name"], *[""] * (len(HEAD) + len(peers) - 2), row["verdict"]]
    return [
        row["name"],
        seconds(row["median"]),
        f"{100 * row['spread']:.0f} %",
        f"{row['ns_per_element']:.3g}",
        _or_blank(row["bytes_per_element"], "{}"),
        _or_blank(row["percent_of_copy"], "{:.0f}"),
        _or_blank(row.get("percent_of_words"), "{:.0f}"),
        _or_blank(row["calls"], "{}"),
        _or_blank(row["extra_memory"], "{}", size),
        *(_or_blank(row["ratios"].get(peer), "{:.2f}") for peer in peers),
        row["verdict"],
    ]


def head(peers: Sequence[str]) -> list[str]:
    """Return the titles of the columns, one for each peer before the last."""
    return [*HEAD[:-1], *(f"/ {peer}" for peer in peers), HEAD[-1]]


def peers_of(rows: Iterable[Row]) -> list[str]:
    """Names of the peers in the order in which they appear."""
    return list(dict.fromkeys(peer for row in rows for peer in row.get("ratios", ())))


def title(row: Row) -> str:
    """Say what was stepped.

    Examples
    --------
    >>> title({"tensors": 1000, "size": 1000, "profile": "f32", "decay": 0.1})
    '1,000 tensors of 1,000 elements, f32, weight decay'
    """
    what = "1 tensor" if row["tensors"] == 1 else f"{row['tensors']:,} tensors"
    size = f"{row['model']}: {what}" if row.get("model") else f"{what} of {row['size']:,} elements"
    return f"{size}, {row['profile']}" + (", weight decay" if row["decay"] else "")


def markdown(record: Record) -> str:
    """Return the page that documents a record; the text around the numbers stands in the record's data, too.

    Examples
    --------
    >>> page = markdown({"surroundings": {"date": "2025-01-01", "processor": "P", "threads": 2, "python": "3",
    ...                                   "versions": {}}, "rows": [], "plots": []})
    >>> page.splitlines()[0]
    '# Benchmarks'
    """
    around = record["surroundings"]
    versions = ", ".join(f"{name} {number}" for name, number in around["versions"].items())
    parts = [_INTRODUCTION.format(**{**around, "versions": versions})]
    parts += [f"![{plot}](benchmarks/{plot})\n" for plot in record["plots"]]
    for name, group in groupby(record["rows"], key=title):
        rows = list(group)
        peers = peers_of(rows)
        lines = [f"## {name}\n", _line(head(peers)), _line(["---"] * len(head(peers)))]
        parts.append("\n".join([*lines, *(_line(cells(row, peers)) for row in rows)]) + "\n")
    return "\n".join(parts)


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def _or_blank(value: Any, form: str, make: Any = None) -> str:
    return "" if value is None else form.format(make(value) if make else value)


def seconds(value: float) -> str:
    """Write a time with the unit that suits it.

    Examples
    --------
    >>> seconds(0.0123), seconds(2.5e-6)
    ('12.3 ms', '2.50 µs')
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:#.3g} {unit}"
    return f"{value / 1e-9:#.3g} ns"


def size(value: int) -> str:
    """Write a number of bytes with the unit that suits it.

    Examples
    --------
    >>> size(0), size(3 << 20)
    ('0', '3.0 MiB')
    """
    if value < 1024:
        return str(value)
    return f"{value / (1 << 20):.1f} MiB" if value >= 1 << 20 else f"{value / 1024:.0f} KiB"


_INTRODUCTION = """# Benchmarks

Written by `adamax-ref bench --record docs/benchmarks` on {date}: {processor}, {threads} threads, Python {python}; {versions}.

Every contender is the whole call of an optimizer's `step()`. All of a table ran in one process, in turn, again and again:
shown are the median of the rounds and the distance between the quartiles as a share of it. *Bytes per element* is what
the step must move by its construction, and *% of copy* relates the speed at which it does so to that of a copy of the
parameters on the same threads, which is counted as one word read and one written; a copy also reads, unseen, every line
that it stores to, which updating in place does not, so more than 100 % is possible. *Scale in place* is a yardstick
without that. *Same words* is the compiled loop of a step without its arithmetic: it reads four arrays and writes three,
and *% of same words* relates to it as *% of copy* does to the copy, so it tells how near to the speed of memory a step
is. *Calls* are operators dispatched or compiled functions called, *extra memory* the growth of the process
during a step. Behind a slash stands the quotient of the contender's time and that peer's: below 1 is faster.
*Bits* compares p, m and u with the contender's own recipe, evaluated by another engine, after three steps; no time is
shown without it.
"""
