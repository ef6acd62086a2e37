"""A learning rate that comes with a step holds for that step alone, in every framework that is run live."""

from collections.abc import Callable

import pytest

from adamax_ref.conformance.judge import judge
from adamax_ref.conformance.targets import open_target
from adamax_ref.frameworks import Framework
from adamax_ref.golden.load import open_corpus

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("name", ["keras", "keras/jax", "mlx", "paddle", "torch/foreach", "optax"])
def test_the_step_after_one_with_a_rate_of_its_own_has_the_usual_rate(name: str, framework: Callable[[str], Framework]) -> None:
    framework(name)
    cases = [case for case in open_corpus().cases(name.partition("/")[0], "f32") if case.category == "lr"]
    mixed = [case for case in cases if {each.lr is None for each in case.steps} == {True, False}]
    assert mixed
    with open_target(f"framework:{name}") as target:
        for case in mixed:
            judged = judge(case, target.run(case), target.hello)
            assert judged.status in ("exact", "certified"), judged.first
