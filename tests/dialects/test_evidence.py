"""A dialect is called measured if and only if the test run compares it with its framework, in the version that it names."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from adamax_ref import frameworks
from adamax_ref.cli import main
from adamax_ref.dialects import get, names
from adamax_ref.recipe.dialect import Dialect, Evidence

ALL: dict[str, Dialect] = {each.name: each for name in names() for each in (get(name), *get(name).variants.values())}
LIVE = tuple(name for name, dialect in ALL.items() if dialect.provenance.evidence is Evidence.LIVE)
TABLE = Path(__file__).parents[2] / "docs" / "frameworks.md"


def test_what_is_measured_live_is_what_the_test_run_runs() -> None:
    assert set(LIVE) == set(frameworks.names())


@pytest.mark.parametrize("name", LIVE)
def test_a_framework_is_compared_in_profiles_that_its_dialect_has(name: str) -> None:
    assert set(frameworks.get(name).profiles) <= set(ALL[name].profiles)
    assert set(frameworks.get(name).departs) < set(frameworks.get(name).profiles)


def test_the_table_of_the_test_run_names_the_versions_that_the_dialects_name() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `([^`]+)` \|", TABLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {dialect: running for running, dialect in rows} == {name: ALL[name].provenance.measured for name in LIVE}


@pytest.mark.frameworks
@pytest.mark.parametrize("name", LIVE)
def test_the_version_that_a_dialect_names_is_the_one_that_runs(name: str, framework: Callable[[str], frameworks.Framework]) -> None:
    assert framework(name).running == ALL[name].provenance.measured


@pytest.mark.parametrize("name", ALL)
def test_the_command_says_how_a_dialect_is_known_and_calls_nothing_else_measured(name: str) -> None:
    text = CliRunner().invoke(main, ["dialects", name]).output
    assert isinstance(ALL[name].provenance.evidence, Evidence)
    assert f"\n  evidence   {ALL[name].provenance.evidence}" in text
    assert ("measured" in text) is (name in LIVE)
    assert ("nothing was run" in text) is (name not in LIVE)


def test_evidence_that_contradicts_what_was_measured_is_refused() -> None:
    live, read = get("torch").provenance, get("torch/cuda").provenance
    with pytest.raises(ValueError, match=r"measured='torch 2\.13\.0' does not go with evidence='read from source'"):
        replace(live, evidence=Evidence.SOURCE)
    with pytest.raises(ValueError, match="measured='' does not go with evidence='measured live'"):
        replace(read, evidence=Evidence.LIVE)
