"""What the page for users of torch shows is what happens."""

import doctest
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.frameworks
PAGE = Path(__file__).parents[2] / "docs" / "torch.md"


def test_the_examples_for_users_of_torch_run_as_shown(peer: Callable[[str], ModuleType]) -> None:
    peer("torch")
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False)
    assert attempted >= 40
    assert failed == 0
