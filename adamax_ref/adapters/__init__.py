"""Adapters: small programs that let an Adamax in another language speak the pipe protocol.

Each folder holds the adapter, an Adamax of its own for it to speak for, and a skeleton of one to be filled in. They
are examples, are built and judged in the test run, and are what ``adamax-ref new-adapter`` copies.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import final


@final
@dataclass(frozen=True)
class Language:
    """A language that there is an adapter for.

    Attributes
    ----------
    adapter, adamax, skeleton : str
        Names of its files: the adapter, the Adamax beside it, and what an unwritten one starts from.
    build : tuple of str
        Command that makes the program, run in the folder of the files; empty where there is nothing to make.
    run : tuple of str
        Command that runs it there.
    double : tuple of str
        What is added to `build` for profile f64; empty where one program has both profiles.
    """

    adapter: str
    adamax: str
    skeleton: str
    build: tuple[str, ...]
    run: tuple[str, ...]
    double: tuple[str, ...] = ()


_MADE = ("./adapter",)
LANGUAGES = {
    "c": Language(
        "adapter.c",
        "adamax.h",
        "skeleton.h",
        ("cc", "-O2", "-ffp-contract=off", "-o", "adapter", "adapter.c", "-lm"),
        _MADE,
        ("-DREAL=double",),
    ),
    "cpp": Language(
        "adapter.cpp",
        "adamax.hpp",
        "skeleton.hpp",
        ("c++", "-std=c++17", "-O2", "-ffp-contract=off", "-o", "adapter", "adapter.cpp"),
        _MADE,
        ("-DREAL=double",),
    ),
    "javascript": Language("adapter.mjs", "adamax.mjs", "skeleton.mjs", (), ("node", "adapter.mjs")),
    "python": Language("adapter.py", "adamax.py", "skeleton.py", (), ("python3", "adapter.py")),
    "rust": Language(
        "adapter.rs", "adamax.rs", "skeleton.rs", ("rustc", "-O", "-o", "adapter", "adapter.rs"), _MADE, ("--cfg", "double")
    ),
}


def example(name: str) -> dict[str, bytes]:
    """Return the files of the example in a language, by name.

    Examples
    --------
    >>> sorted(example("c"))
    ['adamax.h', 'adapter.c']
    """
    language = LANGUAGES[name]
    return {file: _source(name, file) for file in (language.adapter, language.adamax)}


def skeleton(name: str) -> dict[str, bytes]:
    """Return the files of an adapter whose Adamax is still to be written, by name."""
    language = LANGUAGES[name]
    return {language.adapter: _source(name, language.adapter), language.adamax: _source(name, language.skeleton)}


def write(sources: dict[str, bytes], folder: Path) -> None:
    """Write files into a folder, which is made if need be.

    Raises
    ------
    ValueError
        When one of them is there already, or the folder cannot be written; nothing has been overwritten then.
    """
    there = [name for name in sources if (folder / name).exists()]
    if there:
        raise ValueError(f"{folder / there[0]} is there already and is not overwritten; name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in sources.items():
            with (folder / name).open("xb") as file:
                file.write(data)
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written ({error.strerror or error}); name another folder") from error


def _source(name: str, file: str) -> bytes:
    return files("adamax_ref").joinpath("adapters", name, file).read_bytes()
