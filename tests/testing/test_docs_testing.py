"""The test files that docs/testing.md shows, run as a user's suite; its examples and commands run with those of every page."""

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL))


def test_the_files_that_the_page_shows_pass_as_they_stand(pytester: pytest.Pytester, examples_file: Path) -> None:
    assert sorted(FILES) == ["test_each", "test_mine", "test_step"]
    pytester.makepyfile(mylib=f"{examples_file.read_text(encoding='utf-8')}\n\nMyAdamax = Mine\n", **FILES)
    result = pytester.runpytest_subprocess("-p", "adamax_ref_pytest", "-p", "no:cacheprovider", "-v")
    assert set(result.parseoutcomes()) <= {"passed", "warning", "warnings"} and result.ret == 0
    shown = re.findall(r"^test_each\.py::.* PASSED$", TEXT, flags=re.MULTILINE)
    assert len(shown) == 2
    result.stdout.fnmatch_lines([line.replace("[", "[[]") + "*" for line in shown])


def test_the_files_of_the_page_fail_for_a_wrong_optimizer(pytester: pytest.Pytester, examples_file: Path) -> None:
    pytester.makepyfile(mylib=f"{examples_file.read_text(encoding='utf-8')}\n\nMyAdamax = Forgetful\n", **FILES)
    outcomes = pytester.runpytest_subprocess("-p", "adamax_ref_pytest", "-p", "no:cacheprovider").parseoutcomes()
    assert outcomes["failed"] > 1 and outcomes["passed"] >= 1
