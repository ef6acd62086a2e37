"""Live runs that are converted in the middle go on as the dialects predict, to the bit."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from adamax_ref.frameworks import Start
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.child import Children
from adamax_ref.interop.convert import STATES, converted_start, jump
from adamax_ref.law.hyper import Hyperparameters

pytestmark = pytest.mark.frameworks
H = Hyperparameters(lr=0.01, eps=1e-3)


@pytest.mark.parametrize(
    ("source", "target"), [*itertools.permutations(STATES, 2), ("keras/torch", "torch"), ("keras/jax", "optax/jit")]
)
def test_the_predicted_jump_is_the_measured_one(source: str, target: str, live: Callable[[str], Children]) -> None:
    p, gradients = draw("normal", "f32", 257, 9)
    run = live(source).play(source, Start("f32", H, p, np.zeros_like(p), np.zeros_like(p)), gradients)
    middle = Start("f32", H, run.p[4], run.m[4], run.u[4], 5)
    rest = live(target).play(target, converted_start(source, target, middle), gradients[5:])
    predicted = jump(source, target, middle, gradients[5])
    measured = rest.p[0].astype(np.float64) - run.p[5].astype(np.float64)
    assert np.array_equal(measured, predicted.difference)
    assert len(rest.p) == 4 and np.all(np.isfinite(rest.p[-1]))
