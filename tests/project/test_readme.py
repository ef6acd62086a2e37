"""What the README shows is what happens."""

import doctest
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def test_the_library_example_prints_what_the_readme_says() -> None:
    failed, attempted = doctest.testfile(str(README), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert attempted >= 6
    assert failed == 0


def commands() -> list[tuple[str, str]]:
    """Return every command shown behind a dollar sign with the output shown below it."""
    blocks = re.findall(r"^```console\n(\$ .*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    shown = [part.partition("\n") for block in blocks for part in block.removeprefix("$ ").split("\n$ ")]
    return [(line, output) for line, _, output in shown]


@pytest.mark.frameworks
@pytest.mark.parametrize(("line", "output"), commands(), ids=[line for line, _ in commands()])
def test_a_command_prints_what_the_readme_says(line: str, output: str, peer: Callable[[str], ModuleType]) -> None:
    from adamax_ref.cli import main

    peer("torch")
    program, *arguments = line.split()
    assert program == "adamax-ref"
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert result.output.rstrip("\n") == output.rstrip("\n")


def test_every_page_that_the_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text()):
        assert (ROOT / target).exists(), target
