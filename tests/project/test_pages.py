"""What README and documentation show is what happens: examples run, commands print what stands below them, links lead somewhere."""

import doctest
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from adamax_ref.frameworks import Framework

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
EXECUTED = {"python", "console"}
"""Languages of code blocks that are run; the others are not code of ours, or are run by a test of their room."""
SHOWN = {"shell", "toml", "text", "pycon", "json", "c", "js", "{toctree}", "{eval-rst}", "{include}", "", *EXECUTED}


def name_of(path: Path) -> str:
    """Return a page's name from the root."""
    return path.relative_to(ROOT).as_posix()


def commands(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every command shown behind a dollar sign with the output shown below it."""
    for block in re.findall(r"^```console\n(\$ .*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL):
        for part in block.removeprefix("$ ").split("\n$ "):
            line, _, output = part.partition("\n")
            yield line, output


SHOWN_COMMANDS = [pytest.param(*each, id=f"{name_of(page)}: {each[0]}") for page in PAGES for each in commands(page)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_examples_of_a_page_print_what_it_says(page: Path, peer: Callable[[str], object]) -> None:
    for module in re.findall(r"^>>> (?:import|from) ([a-z]\w*)", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        peer(module)
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


@pytest.mark.parametrize(("line", "output"), SHOWN_COMMANDS)
def test_a_command_prints_what_its_page_says(line: str, output: str, framework: Callable[[str], Framework]) -> None:
    from adamax_ref.cli import main

    for name in re.findall(r"framework:(\w+)", line):
        framework(name)
    program, *arguments = line.split()
    assert program == "adamax-ref"
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert result.output.rstrip("\n") == output.rstrip("\n")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_code_is_of_a_kind_that_is_run_or_known_not_to_be(page: Path) -> None:
    opened = re.findall(r"^```(\S*)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[::2]
    assert set(opened) <= SHOWN


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_page_that_is_pointed_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists() or (ROOT / target).exists(), target
