"""The processes that hold the frameworks, shared by all tests of this room, and the rule for one that is missing."""

import os
from collections.abc import Callable, Iterator

import pytest

from adamax_ref.frameworks import get
from adamax_ref.frameworks.child import Children, children
from adamax_ref.frameworks.survey import Row, survey


@pytest.fixture(scope="session")
def held() -> Iterator[Children]:
    """Hold processes that end with the session."""
    with children() as running:
        yield running


@pytest.fixture
def live(held: Children) -> Callable[[str], Children]:
    """Return the processes once the named framework is there; else skip, or fail where nothing may be skipped."""

    def need(name: str) -> Children:
        framework = get(name)
        if not framework.installed:
            refuse = pytest.fail if os.environ.get("ADAMAX_REF_NO_SKIPS") else pytest.skip
            refuse(f"{framework.module} is not installed: {framework.remedy}")
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
