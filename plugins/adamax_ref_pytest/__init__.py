"""The pytest plugin: the fixture ``adamax_case``, which makes each golden case a test of its own.

pytest loads this in every session of everybody who has the package installed. It is therefore a package by itself that
imports nothing, neither NumPy nor ``adamax_ref``, until a test asks for the fixture.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adamax_ref.testing import GoldenCase

MARK = "adamax_cases"
_USE = (
    f'{MARK}(dialect="torch", profile="f32", category=None, level="core", golden=None): which cases the fixture adamax_case gives'
)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line("markers", _USE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each case where the fixture is asked for."""
    if "adamax_case" not in metafunc.fixturenames:
        return
    from adamax_ref.testing import golden_cases

    mark = metafunc.definition.get_closest_marker(MARK)
    arguments, options = (mark.args, mark.kwargs) if mark is not None else ((), {})
    try:
        cases = golden_cases(*arguments, **options)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {MARK}: {error}") from error
    metafunc.parametrize("adamax_case", cases, ids=str, indirect=True)


@pytest.fixture
def adamax_case(request: pytest.FixtureRequest) -> "GoldenCase":
    """Give one golden case for Adamax; ``adamax_case.check(implementation)`` judges. The mark adamax_cases chooses."""
    case: GoldenCase = request.param
    return case
