"""Lists of bug ids in short: what follows each other is written as a range."""

import re
from collections.abc import Iterable, Sequence

_RANGE = re.compile(r"B(\d{2,4})-B(\d{2,4})")
_MOST = 10_000


def ranges(ids: Iterable[str]) -> list[str]:
    """Write ids in the order of their numbers, three or more that follow each other as a range.

    Examples
    --------
    >>> ranges(["B01", "B02", "B03", "B10", "B11", "B99", "B100", "B101"])
    ['B01-B03', 'B10', 'B11', 'B99-B101']
    """
    runs: list[list[int]] = []
    for number in sorted(int(each[1:]) for each in ids):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [word for run in runs for word in _words(run)]


def _words(run: Sequence[int]) -> list[str]:
    names = [f"B{number:02}" for number in run]
    return [f"{names[0]}-{names[-1]}"] if len(names) > 2 else names


def spread(words: Iterable[str]) -> list[str]:
    """Return the ids that words stand for, in alphabetical order; a word that is no range stands for itself.

    So do ranges once as many ids as there can be have been told: a stranger's few bytes are not to become millions.

    Examples
    --------
    >>> spread(["B09-B11", "B01"])
    ['B01', 'B09', 'B10', 'B11']
    """
    made: list[str] = []
    for word in words:
        found = _RANGE.fullmatch(word)
        numbers = range(int(found[1]), int(found[2]) + 1) if found else ()
        made += [f"B{number:02}" for number in numbers] if found and len(made) + len(numbers) <= _MOST else [word]
    return sorted(made)
