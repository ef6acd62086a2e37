"""The processes that hold the frameworks, shared by all tests of this room."""

from collections.abc import Callable, Iterator

import pytest

from adamax_ref.frameworks import Framework
from adamax_ref.frameworks.child import Children, children
from adamax_ref.quality.survey import Row, survey


@pytest.fixture(scope="session")
def held() -> Iterator[Children]:
    """Hold processes that end with the session."""
    with children() as running:
        yield running


@pytest.fixture
def live(held: Children, framework: Callable[[str], Framework]) -> Callable[[str], Children]:
    """Return the processes once the named framework is there."""

    def need(name: str) -> Children:
        framework(name)
        return held

    return need


@pytest.fixture(scope="session")
def _rows() -> dict[str, Row]:
    return {}


@pytest.fixture
def surveyed(live: Callable[[str], Children], _rows: dict[str, Row]) -> Callable[[str], Row]:
    """Return the row of a framework, found out once a session."""

    def find(name: str) -> Row:
        if name not in _rows:
            _rows[name] = survey(name, live(name).play)
        return _rows[name]

    return find
