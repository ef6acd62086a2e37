"""Find moments, norms and counters among the leaves of a whole state, by a layout's patterns."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import final

from .layout import Layout

_KEY, _NUMBER = "{}", "#"


@final
@dataclass(frozen=True)
class Located:
    """Paths of the leaves of a whole state.

    Attributes
    ----------
    parameters : mapping of str to mapping of str to str
        For each parameter the path of each name of its single state; a shared counter is in all
        of them.
    schedules : tuple of str
        Paths of what belongs to a schedule of the learning rate.
    """

    parameters: Mapping[str, Mapping[str, str]]
    schedules: tuple[str, ...]


def locate(name: str, layout: Layout, paths: Iterable[str], without: str = "") -> Located:
    """Find every part of a framework's state among the paths of its leaves.

    Parameters
    ----------
    name : str
        Of the framework, for messages.
    layout : Layout
        Its patterns.
    paths : iterable of str
        See :func:`~adamax_ref.interop.convert.tree.leaves_of`. The state may lie below other
        nodes, as in a chain.
    without : str
        A name of a single state that need not be there.

    Raises
    ------
    KeyError
        When a part is missing, or a leaf is none of the framework's.

    Examples
    --------
    >>> from .layout import STATES
    >>> locate("mlx", STATES["mlx"], ["step", "w.m", "w.v"]).parameters
    {'w': {'m': 'w.m', 'v': 'w.v', 'step': 'step'}}
    """
    all_paths = dict.fromkeys(paths)
    place = _place(name, layout, all_paths, without)
    parts: dict[str, dict[str, str]] = {"": {}}  # under the empty name what is shared
    rest = []
    for path in all_paths:
        part, key = _part(layout, path.removeprefix(place)) if path.startswith(place) else ("", "")
        if part:
            parts.setdefault(key, {})[part] = path
        else:
            rest.append(path)
    schedules = tuple(path for path in rest if _is_any(layout.schedules, path))
    others = (*layout.others, *layout.schedules, *map(re.escape, parts))
    if strange := [path for path in rest if not _is_any(others, path.removeprefix(place))]:
        holds = f"the state holds {', '.join(strange)}"
        raise KeyError(f"{holds}, which is not of {name}'s Adamax; leave it out")
    shared = parts.pop("")
    for key, own in parts.items():
        _check_complete(name, layout, key, {without, *own, *shared})
    return Located({key: own | shared for key, own in parts.items()}, schedules)


def leaves_of_parameter(layout: Layout, key: str, single: Mapping[str, object]) -> dict[str, object]:
    """Return the leaves of one parameter's state by their paths in a whole state.

    Examples
    --------
    >>> from .layout import STATES
    >>> leaves_of_parameter(STATES["mlx"], "w", {"m": 1.0, "v": 2.0, "step": 3})
    {'w.m': 1.0, 'w.v': 2.0, 'step': 3}
    """
    paths = _paths(layout)
    named = {name: paths[name].replace(_KEY, key).replace(_NUMBER, "0") for name in single}
    return {named[name]: value for name, value in single.items()}


def _place(name: str, layout: Layout, paths: Collection[str], without: str) -> str:
    """Return where the state lies: below the shortest path with a moment and the shared counters."""
    counters = [counter for counter in layout.counters if counter.name != without]
    shared = [counter.path for counter in counters if _KEY not in counter.path]
    moment = _pattern(layout.moment_path)
    places = {path[:end] for path in paths for end in _ends(path) if moment.fullmatch(path[end:])}
    if not places:
        wanted = f"no leaf of the state is called like {layout.moment_path!r}, a moment of {name}"
        raise KeyError(f"{wanted}; is it another framework's?")
    complete = [place for place in places if all(place + path in paths for path in shared)]
    if not complete:
        raise KeyError(f"the state lacks {', '.join(shared)}, which {name} counts its steps with")
    return min(complete, key=len)


def _ends(path: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer(r"[./]", path))]


def _part(layout: Layout, path: str) -> tuple[str, str]:
    """Return a leaf's name in a single state, and its parameter; empty where it has none."""
    for name, pattern in _paths(layout).items():
        if match := _pattern(pattern).fullmatch(path):
            return name, match.groupdict().get("key", "")
    return "", ""


def _check_complete(name: str, layout: Layout, key: str, present: Collection[str]) -> None:
    paths = _paths(layout)
    if missing := [paths[part].replace(_KEY, key) for part in paths if part not in present]:
        raise KeyError(f"the state lacks {', '.join(missing)}, which {name} holds for a parameter")


def _paths(layout: Layout) -> dict[str, str]:
    """Return the pattern of each name of a single state."""
    counters = {counter.name: counter.path for counter in layout.counters}
    return counters | {layout.moment: layout.moment_path, layout.norm: layout.norm_path}


@cache
def _pattern(text: str) -> re.Pattern[str]:
    key, number = (re.escape(mark) for mark in (_KEY, _NUMBER))
    return re.compile(re.escape(text).replace(key, "(?P<key>.+)").replace(number, r"\d+"))


def _is_any(patterns: Iterable[str], path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in patterns)
