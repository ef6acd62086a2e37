"""Where a framework departs from its dialect: in exactly which numbers, and why, by its own operations."""

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get as dialect
from adamax_ref.frameworks import Start, get
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.child import Children
from adamax_ref.frameworks.elsewhere import python_of
from adamax_ref.frameworks.model import follow, mismatches
from adamax_ref.quality.survey import DECAY, SIZE, STEPS
from adamax_ref.recipe.hyper import Hyperparameters

pytestmark = pytest.mark.frameworks
Live = Callable[[str], Children]

READ = """
import json, sys, mxnet
one = mxnet.nd.ones(1, dtype="float64")
print(json.dumps([[float((one * x).asnumpy()[0]) for x in row] for row in json.load(sys.stdin)]))
"""
DIVIDED = """
import json, numpy
from mindspore import Tensor, jit

@jit
def quotient(a, b):
    return a / b

a, b = Tensor(numpy.full(3, numpy.nan, numpy.float32)), Tensor(numpy.zeros(3, numpy.float32))
print(json.dumps(str(quotient(a, b).asnumpy()[0])))
"""
FLUSHED = """
import json, sys, numpy, mindspore
from mindspore import Tensor, Parameter, nn, jit
from mindspore.experimental import optim

@jit
def twice(x):
    return x * 2

def first_moments(make):
    held = Parameter(Tensor(numpy.zeros(3, numpy.float32)), name="p")
    optimizer = make([held])
    moment = optimizer.moment1[0] if hasattr(optimizer, "moment1") else optimizer.exp_avg[0]
    def call():
        optimizer((tiny,))
        return moment
    return call

tiny = Tensor(numpy.full(3, 1e-39, numpy.float32))
calls = {"twice": lambda: twice(tiny), "nn": first_moments(nn.AdaMax), "experimental": first_moments(optim.Adamax)}
print(json.dumps({name: [n for n in range(1, 31) if not call().asnumpy().any()] for name, call in calls.items()}))
"""

SCALED = """
import json, sys, numpy, pytensor
x = pytensor.tensor.vector("x", dtype="float32")
scaled = pytensor.function([x], abs(numpy.float32(0.999) * x), mode="CVM")
given = numpy.array(json.load(sys.stdin), numpy.float32)
print(json.dumps(scaled(given).astype(float).tolist()))
"""


def ask(module: str, program: str, folder: Path, given: object = None) -> Any:
    """Run a program in a framework's own Python and return the last line it prints; MindSpore compiles from files only."""
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    found = subprocess.run(
        [python_of(module), "-W", "ignore", str(file)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        cwd=folder,
    )
    return json.loads(found.stdout.splitlines()[-1])


@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_mxnet_in_float64_follows_the_recipe_with_the_scalars_that_it_reads(decay: float, live: Live, tmp_path: Path) -> None:
    p, gradients = draw("wide", "f64", SIZE, STEPS)
    h = Hyperparameters(lr=0.01, eps=0.0, weight_decay=decay)
    theirs = live("mxnet/1.x").play("mxnet/1.x", Start("f64", h, p, np.zeros_like(p), np.zeros_like(p)), gradients)
    recipe = dialect("mxnet/1.x").recipe(h, "f64")
    exact = [dialect("mxnet/1.x").scalars(h, t, recipe) for t in range(1, STEPS + 1)]
    read = ask("mxnet", READ, tmp_path, exact)
    kernel = partial(get_backend("numpy").step, recipe)
    state: Any = ([p], [np.zeros_like(p)], [np.zeros_like(p)])
    for at, g in enumerate(gradients):
        state = kernel(state[0], [g], state[1], state[2], [tuple(read[at])])
        assert [mismatches(a, [b[at]]) for a, b in zip(state, theirs, strict=True)] == [0, 0, 0]
    changed = {name for e, r in zip(exact, read, strict=True) for name, x, y in zip(recipe.constants, e, r, strict=True) if x != y}
    assert changed == {"rate"}  # beta1, beta2, 1 - beta1 and the decay survive as text


def test_the_scalars_that_mxnet_reads_make_the_whole_departure(live: Live, surveyed: Callable[[str], Any]) -> None:
    departures = surveyed("mxnet/1.x").departures
    assert departures["f64"][0] > 0 and departures["f64"][1:] == (0, 0)
    assert set(get("mxnet/1.x").departs) == {"f64"} == {key[:3] for key, counts in departures.items() if sum(counts)}


def test_mindspore_flushes_subnormals_in_some_of_its_first_fifteen_calls_and_then_always_or_never(
    live: Live, tmp_path: Path
) -> None:
    live("mindspore")
    flushed = ask("mindspore", FLUSHED, tmp_path)
    for calls in flushed.values():
        assert calls[0] == 1 and {call for call in calls if call > 15} in (set(), set(range(16, 31)))


def test_mindspore_divides_nan_by_zero_to_minus_infinity_and_departs_nowhere_else(live: Live, tmp_path: Path) -> None:
    name = "mindspore/experimental"
    p, gradients = draw("special", "f32", 1031, 20)
    start = Start("f32", Hyperparameters(lr=0.01), p, np.zeros_like(p), np.zeros_like(p))
    theirs, ours = live(name).play(name, start, gradients), follow(name, start, gradients)
    apart = [~((a == b) | (np.isnan(a) & np.isnan(b))) for a, b in zip(theirs.p, ours.p, strict=True)]
    quotients = np.isnan(ours.m[0]) & (ours.u[0] == 0)
    assert np.array_equal(apart[0], quotients) and quotients.any() and not np.any(apart[1:])
    assert np.all(theirs.p[0][quotients] == np.inf) and ask("mindspore", DIVIDED, tmp_path) == "-inf"


def test_pytensor_multiplies_float32_by_a_constant_in_double_where_it_compiles_to_c(live: Live, tmp_path: Path) -> None:
    live("pymc/c")
    x = draw("normal", "f32", 1031, 1)[0]
    found = np.array(ask("pymc", SCALED, tmp_path, x.astype(float).tolist()), np.float32)
    assert np.array_equal(found, abs(0.999 * x.astype(np.float64)).astype(np.float32))
    assert np.any(found != abs(np.float32(0.999) * x))
    assert "f32" not in get("pymc/c").profiles
