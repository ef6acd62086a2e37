"""Every live framework is named from its outputs alone."""

from collections.abc import Callable

import pytest

from adamax_ref.conformance.identify import identify
from adamax_ref.conformance.targets.framework import FrameworkTarget
from adamax_ref.frameworks import get, names
from adamax_ref.frameworks.child import Children

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("name", names())
def test_a_framework_is_named_from_its_outputs_alone(name: str, live: Callable[[str], Children]) -> None:
    nearest = identify(FrameworkTarget(get(name), live(name))).candidates[0]
    parted = [(each.probe.name, each.quantity, each.count) for each in nearest.departures]
    quotients = [("not-finite", "theta", 1)]  # MindSpore divides NaN by 0 in its own way; see test_departures
    assert (nearest.name, parted) == (name, quotients if name == "mindspore/experimental" else [])
