"""Live runs that are converted in the middle go on as the dialects predict, to the bit.

The states come out of the frameworks, and go back in, by the recipes of docs/converting.md, word for word.
"""

import itertools
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import numpy as np
import pytest

from adamax_ref.dialects import get as dialect
from adamax_ref.frameworks import Framework, Start
from adamax_ref.frameworks import get as get_framework
from adamax_ref.frameworks import names as framework_names
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.child import ALONE, QUIET, Children
from adamax_ref.frameworks.elsewhere import python_of
from adamax_ref.frameworks.model import follow, mismatches
from adamax_ref.frameworks.wire import receive, send
from adamax_ref.interop.convert import ConvertedAll, convert_all, converted_start, jump
from adamax_ref.interop.convert.layout import layout_of
from adamax_ref.recipe.hyper import Hyperparameters

pytestmark = pytest.mark.frameworks
H = Hyperparameters(lr=0.01, eps=1e-3)
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "converting.md"
STEPS, MORE = 5, 3
SHAPES = {"w": (2, 3), "c": (4,)}


def recipes() -> dict[str, str]:
    """Return the text under each name of a recipe."""
    found = re.findall(r"<!-- recipe: (.*?) -->\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return {name: text for names, text in found for name in names.split()}


LIVE = tuple(name for name in recipes() if name != "json")


@final
class Bench:
    """A process in which a framework trains; see recipes/child.py."""

    def __init__(self, framework: Framework) -> None:
        texts = [recipes()[name] for name in (framework.name, *(["json"] if framework.name == "tfjs" else []))]
        child = Path(__file__).parent / "recipes" / "child.py"
        self.process = subprocess.Popen(
            [python_of(framework.module), str(child), str(ROOT / "adamax_ref"), *texts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **QUIET, **ALONE, **framework.environment},
        )

    def ask(self, *request: Any) -> Any:
        """Send a request and return the answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        send(request, self.process.stdin)
        fine, answer = receive(self.process.stdout)
        assert fine, answer
        return answer

    def close(self) -> None:
        """End the process."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def benches() -> Iterator[dict[str, Bench]]:
    running: dict[str, Bench] = {}
    yield running
    for bench in running.values():
        bench.close()


Midway = tuple[Any, dict[str, Any]]
"""The state of a framework, and its parameters."""


@pytest.fixture
def run(benches: dict[str, Bench], framework: Callable[[str], Framework]) -> Callable[..., Any]:
    """Run a framework from arrays and a state; return the numbers after each step, and the state."""

    def advance(name: str, arrays: Any, state: Any, gradients: Any) -> Any:
        wanted = framework(name)
        if name not in benches:
            benches[name] = Bench(wanted)
        ordered = [{at: given[at] for at in SHAPES} for given in (arrays, *gradients)]
        return benches[name].ask(name, options(name), ordered[0], state, ordered[1:])

    return advance


@pytest.fixture(scope="module")
def trained() -> dict[str, Midway]:
    return {}


def options(name: str) -> Hyperparameters:
    """Return the options of the run in a framework: the one without epsilon does without."""
    return H if "eps" in dialect(name).options else replace(H, eps=0.0)


def followed(name: str) -> str:
    """Return the dialect of a run with several arrays."""
    return "optax/many" if name == "optax" else name


def drawn(steps: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rng = np.random.default_rng(7)

    def arrays() -> dict[str, Any]:
        return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}

    return arrays(), [arrays() for _ in range(steps)]


P, GRADIENTS = drawn(STEPS + MORE)
NUMBERED = ("torchopt", "mxnet/1.x")


def key(framework: str, name: str) -> str:
    """Return what a framework calls a parameter."""
    return str(list(SHAPES).index(name)) if framework in NUMBERED else name


def midway(source: str, run: Callable[..., Any], trained: dict[str, Midway]) -> Midway:
    """Train a framework from the beginning, once."""
    if source not in trained:
        seen, state = run(source, P, None, GRADIENTS[:STEPS])
        trained[source] = state, seen[-1]
    return trained[source]


def state_for(source: str, target: str, state: Any) -> ConvertedAll:
    groups = layout_of(target).build == "groups"
    params = {"params": list(range(len(SHAPES))), "param_names": list(SHAPES)}
    names = {key(source, name): key(target, name) for name in SHAPES}
    like = {"state": {}, "param_groups": [params]} if groups else None
    return convert_all(source, target, state, options(source) if source == target else H, names=names, like=like)


def starts(name: str, moved: ConvertedAll, arrays: dict[str, Any]) -> dict[str, Start]:
    """Return where the dialect begins, from a converted state."""
    layout = layout_of(name)
    parts = {at: moved.parameters[key(name, at)] for at in arrays}
    return {
        at: Start("f32", options(name), arrays[at], part.state[layout.moment], part.state[layout.norm], part.step)
        for at, part in parts.items()
    }


@pytest.mark.parametrize(("source", "target"), [*itertools.product(LIVE, repeat=2)])
def test_a_run_goes_on_elsewhere_as_predicted(
    source: str, target: str, run: Callable[..., Any], trained: dict[str, Midway]
) -> None:
    state, arrays = midway(source, run, trained)
    moved = state_for(source, target, state)
    seen, after = run(target, arrays, moved.state, GRADIENTS[STEPS:])
    ending = state_for(target, target, after)
    for at, start in starts(target, moved, arrays).items():
        model = follow(followed(target), start, [gradients[at] for gradients in GRADIENTS[STEPS:]])
        assert mismatches([numbers[at] for numbers in seen], model.p) == 0
        end = starts(target, ending, arrays)[at]
        apart = mismatches([end.m, end.u], [model.m[-1], model.u[-1]])
        assert (apart, end.t) == (0, STEPS + MORE)


def ring(profile: str) -> list[tuple[str, str, str]]:
    """Return pairs in which each framework that computes in a type is a source once, and a target once."""
    known = [name for name in framework_names() if profile in get_framework(name).profiles]
    exact = [name for name in known if profile not in get_framework(name).departs]
    if profile == "f16":  # where the processor computes in float16, XLA may fuse it, which no dialect describes
        exact = [name for name in exact if "jit" not in name and "xla" not in name]
    return [(profile, source, target) for source, target in zip(exact, [*exact[1:], *exact[:1]], strict=True)]


@pytest.mark.parametrize(
    ("profile", "source", "target"), [row for profile in ("f64", "f32", "f16", "bf16") for row in ring(profile)]
)
def test_the_predicted_jump_is_the_measured_one(profile: str, source: str, target: str, live: Callable[[str], Children]) -> None:
    p, gradients = draw("normal", profile, 97, 7)
    begin = Start(profile, options(source), p, np.zeros_like(p), np.zeros_like(p))
    run = live(source).play(source, begin, gradients[:5])
    middle = Start(profile, H, run.p[4], run.m[4], run.u[4], 5)
    begin = replace(converted_start(source, target, middle), hyper=options(target))
    rest = live(target).play(target, begin, gradients[5:])
    model = follow(target, begin, gradients[5:])
    assert [mismatches(*pair) for pair in zip(rest, model, strict=True)] == [0, 0, 0]
    if options(source) == options(target):  # MXNet 1 has no epsilon
        assert np.array_equal(jump(source, target, middle, gradients[5]).moved, rest.p[0])
