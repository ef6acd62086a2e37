"""What docs/corpus.md shows is what happens."""

import doctest
from pathlib import Path

from click.testing import CliRunner

from adamax_ref.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "corpus.md"


def test_the_example_gives_what_the_page_says() -> None:
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, attempted) == (0, 5)


def test_every_command_and_option_of_the_page_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for command, options in {"generate": ("--level", "--jobs", "--dask"), "check": (), "digests": ()}.items():
        told = CliRunner().invoke(main, ["golden", command, "--help"]).output
        assert f"golden {command}" in text and all(option in told and option in text for option in options)
