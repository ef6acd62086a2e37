"""A page whose tables a program prints: what stands between two marks is replaced."""

from collections.abc import Sequence
from pathlib import Path


def between(text: str, name: str) -> list[str]:
    r"""Return the lines between the marks ``<!-- name -->`` and ``<!-- /name -->``.

    Raises
    ------
    ValueError
        When the text does not have both marks, each once and in a line of its own.

    Examples
    --------
    >>> between("a\n<!-- table -->\n| 1 |\n<!-- /table -->\n", "table")
    ['| 1 |']
    """
    return _cut(text, name)[1].splitlines()


def replaced(text: str, name: str, lines: Sequence[str]) -> str:
    """Return the text with other lines between the marks; raises as :func:`between` does."""
    before, _, after = _cut(text, name)
    return before + "\n".join([*lines, ""]) + after


def rewrite(page: Path, name: str, lines: Sequence[str]) -> None:
    """Replace what stands between the marks of a page."""
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, lines), encoding="utf-8")


def _cut(text: str, name: str) -> tuple[str, str, str]:
    marks = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    if [text.count(mark) for mark in marks] != [1, 1] or text.index(marks[0]) > text.index(marks[1]):
        raise ValueError(
            f"the page has no marks {marks[0].strip()} and {marks[1].strip()} around a table; write them where it belongs"
        )
    head, _, rest = text.partition(marks[0])
    inner, _, tail = rest.partition(marks[1])
    return head + marks[0], inner, marks[1] + tail
