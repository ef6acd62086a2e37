"""Adapters: small programs that let an Adamax in another language speak the pipe protocol.

Each folder holds the adapter, the hyperparameters, an Adamax to speak for, and a skeleton of one to be filled in. They
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
    source, header : str
        How the names of its files end: of the adapter, and of the others.
    run : tuple of str
        Command that runs the program in the folder of the files.
    build : tuple of str
        Command that makes it there; empty where there is nothing to make.
    double : tuple of str
        What is added to `build` for profile f64; empty where one program has both profiles.
    """

    source: str
    header: str
    run: tuple[str, ...] = ("./adapter",)
    build: tuple[str, ...] = ()
    double: tuple[str, ...] = ()

    @property
    def adapter(self) -> str:
        """The file that speaks the protocol."""
        return f"adapter.{self.source}"

    @property
    def adamax(self) -> str:
        """The file with the step."""
        return f"adamax.{self.header}"


_GNU = ("-O2", "-ffp-contract=off", "-o", "adapter")  # nothing may be fused that the source does not fuse
LANGUAGES = {
    "c": Language("c", "h", build=("cc", *_GNU, "adapter.c", "-lm"), double=("-DREAL=double",)),
    "cpp": Language("cpp", "hpp", build=("c++", "-std=c++17", *_GNU, "adapter.cpp"), double=("-DREAL=double",)),
    "javascript": Language("mjs", "mjs", run=("node", "adapter.mjs")),
    "python": Language("py", "py", run=("python3", "adapter.py")),
    "rust": Language("rs", "rs", build=("rustc", "-O", "-o", "adapter", "adapter.rs"), double=("--cfg", "double")),
}


def example(name: str) -> dict[str, bytes]:
    """Return the files of the example in a language, by name.

    Examples
    --------
    >>> sorted(example("c"))
    ['adamax.h', 'adapter.c', 'hyper.h']
    """
    language = LANGUAGES[name]
    return {file: _source(name, file) for file in (language.adapter, f"hyper.{language.header}", language.adamax)}


def skeleton(name: str) -> dict[str, bytes]:
    """Return the files of an adapter whose Adamax is still to be written, by name."""
    language = LANGUAGES[name]
    return {**example(name), language.adamax: _source(name, f"skeleton.{language.header}")}


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
