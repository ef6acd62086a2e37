"""Every sentence of README that promises something has tests; docs/promises.md is the table, and README says no more."""

import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

from adamax_ref.bugs import bank

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
PROMISES = dict(re.findall(r"^\| (?!sentence|---)(.+?) \| (`.*`) \|$", PAGE, flags=re.MULTILINE))
TESTS = sorted({test for tests in PROMISES.values() for test in re.findall(r"`([^`]+)`", tests)})
DESCRIPTIONS = re.findall(r"^- (.+)$", PAGE, flags=re.MULTILINE)


def prose(page: str) -> list[str]:
    """Return paragraphs and entries of lists, each as one line; without code, formulas, tables, pictures, headings and links."""
    text = re.sub(r"^(```.*?^```|\$\$.*?\$\$)$", "", page, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(#|\||!\[).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return [" ".join(block.split()) for block in re.split(r"\n\s*\n|^- ", text, flags=re.MULTILINE) if block.strip()]


def left(page: str, sentences: list[str]) -> list[str]:
    """Return what remains of a page without some sentences; longer ones are taken out before those that they contain."""
    rest = prose(page)
    for sentence in sorted(sentences, key=len, reverse=True):
        rest = [block.replace(sentence, " ") for block in rest]
    return [" ".join(block.split()) for block in rest if block.strip()]


@pytest.mark.parametrize("sentence", [*PROMISES, *DESCRIPTIONS])
def test_a_sentence_of_the_table_stands_in_readme_word_for_word(sentence: str) -> None:
    assert any(sentence in block for block in prose(README))


def test_readme_says_nothing_that_is_not_listed() -> None:
    assert left(README, [*PROMISES, *DESCRIPTIONS]) == []


def test_an_unlisted_promise_would_be_noticed() -> None:
    more = README.replace("## The step", "It is the fastest of all.\n\n## The step")
    assert left(more, [*PROMISES, *DESCRIPTIONS]) == ["It is the fastest of all."]


def test_pytest_collects_every_test_of_the_table(request: pytest.FixtureRequest) -> None:
    missing = {f"tests/{test}" for test in TESTS} - names_of(item.nodeid for item in request.session.items)
    if missing:  # a part of the tests was asked for
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
        files = sorted({test.partition("::")[0] for test in missing})
        done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
        missing -= names_of(done.stdout.splitlines())
    assert {test for test in missing if not stands_in_a_file_that_is_skipped(test)} == set()


def names_of(ids: Iterable[str]) -> set[str]:
    """Return the names of tests without their parameters."""
    return {each.partition("[")[0] for each in ids if "::" in each}


def stands_in_a_file_that_is_skipped(test: str) -> bool:
    """Tell whether a test is there, in a file that as a whole needs a library which is not installed."""
    file, _, name = test.partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    library = re.search(r'^\w+ = pytest\.importorskip\("(\w+)', text, flags=re.MULTILINE)
    return f"\ndef {name}(" in text and library is not None and find_spec(library[1]) is None


def test_the_number_of_known_mistakes_is_that_of_the_bank() -> None:
    assert f" {len(bank())} known mistakes" in " ".join(README.split())


def test_the_number_of_lessons_is_that_of_the_notebooks() -> None:
    assert len(list((ROOT / "notebooks").glob("*.ipynb"))) == 7
