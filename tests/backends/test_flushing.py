"""A process that flushes subnormal numbers is refused at each step; an engine that does so says it, or is refused."""

import ast
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adamax_ref
from adamax_ref import Adamax, Parameter
from adamax_ref.backend import (
    AbstractBackend,
    Arrays,
    BackendUnavailable,
    Constants,
    Kernel,
    Prepared,
    RecipeKernel,
    get_backend,
    why_unavailable,
)
from adamax_ref.backend.arithmetic import flushes, wrong_triples
from adamax_ref.conformance.run import run
from adamax_ref.conformance.target import TargetUnavailable
from adamax_ref.conformance.targets import backend as _backend
from adamax_ref.conformance.targets import open_target
from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.load import open_corpus
from adamax_ref.recipe.recipe import Recipe

from .floating import DAZ, FTZ, HERE, WHY_NOT, flushing, switch

switches = pytest.mark.skipif(not HERE, reason=WHY_NOT)
REFUSED = r"flushes subnormal numbers.*torch\.set_flush_denormal\(False\)"


@switches
@pytest.mark.parametrize("bits", [FTZ, DAZ, FTZ | DAZ])
def test_either_switch_is_seen_in_the_thread_where_it_is_set(bits: int) -> None:
    elsewhere: list[bool] = []

    def flush_there() -> None:
        switch(bits)
        elsewhere.append(flushes())

    thread = threading.Thread(target=flush_there)
    thread.start()
    thread.join()
    assert elsewhere == [True] and not flushes()
    with flushing(bits):
        assert flushes()
    assert not flushes()


def _numpy(values: np.ndarray) -> Any:
    return values.copy()


def _strict(values: np.ndarray) -> Any:
    return get_backend("array-api-strict").from_host(values)


def _jax(values: np.ndarray) -> Any:
    return get_backend("array-api-jax").from_host(values)


def _torch(values: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(values.copy())


SORTS: dict[str, tuple[Callable[[np.ndarray], Any], str | None, str | None]] = {
    "numpy": (_numpy, "numpy", None),
    "numba": (_numpy, "numba", "numba"),
    "emulated": (_numpy, "numpy-emulated", None),
    "array-api": (_numpy, "array-api", None),
    "strict": (_strict, None, "array_api_strict"),
    "torch": (_torch, "numpy", "torch"),
    "array-api-torch": (_torch, "array-api-torch", "torch"),
    "jax": (_jax, None, "jax"),
}


@switches
@pytest.mark.parametrize("warm", [0, 2])
@pytest.mark.parametrize("sort", SORTS)
def test_a_step_while_the_process_flushes_is_refused_and_changes_nothing(
    peer: Callable[[str], ModuleType], sort: str, warm: int
) -> None:
    make, engine, library = SORTS[sort]
    if library:
        peer(library)
    values = np.linspace(-1, 1, 50, dtype=np.float32)
    param, twin = (Parameter(make(values)) for _ in "pt")
    optimizer, other = Adamax([param], backend=engine), Adamax([twin], backend=engine)
    for mine, its in ((param, optimizer), (twin, other)):
        mine.grad = make(np.float32(1e-38) * values)
        for _ in range(warm):
            its.step()
    with flushing(), pytest.raises(BackendUnavailable, match=REFUSED):
        optimizer.step()
    assert optimizer.fault is None and (optimizer.state[param]["step"] if param in optimizer.state else 0) == warm
    for its in (optimizer, other):
        its.step()
    for mine, theirs in ((param.data, twin.data), (optimizer.state[param]["exp_avg"], other.state[twin]["exp_avg"])):
        assert np.asarray(mine).tobytes() == np.asarray(theirs).tobytes()


@switches
def test_nothing_is_proved_of_a_fused_multiply_add_while_the_process_flushes() -> None:
    with flushing(), pytest.raises(BackendUnavailable, match=REFUSED):
        wrong_triples("binary32", lambda a, b, c: a * b + c)


@switches
def test_the_functions_without_side_effects_are_refused_too() -> None:
    x = np.ones(3, np.float32)
    with flushing(), pytest.raises(BackendUnavailable, match=REFUSED):
        adamax_ref.update(x, x, adamax_ref.init(x))


_IMPORTED_WHILE_FLUSHING = """
import sys
sys.path.insert(0, sys.argv[1])
from floating import switch, FTZ, DAZ
switch(FTZ | DAZ)
import numpy as np
import adamax_ref, adamax_ref.backend.arithmetic
from adamax_ref.backend import BackendUnavailable
from adamax_ref.recipe.profile import BINARY32, BINARY64
tiny = BINARY32.smallest.hex(), BINARY64.encode(BINARY64.smallest)
x, g = np.array([1e-3], np.float32), np.array([0x006CE3EE], np.uint32).view(np.float32)  # 1e-38
try:
    adamax_ref.update(x, g, adamax_ref.init(x), backend=sys.argv[2])
except BackendUnavailable as error:
    assert "set_flush_denormal" in str(error), error
else:
    raise SystemExit("it was not refused")
switch(0)
new, state = adamax_ref.update(x, g, adamax_ref.init(x), backend=sys.argv[2])
print(state.exp_avg.view(np.uint32)[0], *tiny, BINARY32.smallest.hex(), BINARY64.smallest)
"""

_HELPERS_THAT_FLUSH = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from floating import switch, FTZ, DAZ
import numpy as np
from adamax_ref import Adamax, Parameter
from adamax_ref.backend.threads import limit_threads, share

limit_threads(2)
met = threading.Barrier(2)
def spoil():
    met.wait(10)
    if threading.current_thread() is not threading.main_thread():
        switch(FTZ | DAZ)
share(spoil, 2)

who = set()
share(lambda: who.add(threading.current_thread().name), 2)
assert who == {"MainThread"}, who

param = Parameter(np.full(3_000_000, 1e-3, np.float32))
param.grad = np.full(3_000_000, 1e-38, np.float32)
optimizer = Adamax([param], backend=sys.argv[2])
for _ in range(3):
    optimizer.step()
print(len(np.unique(optimizer.state[param]["exp_avg"])), bool((optimizer.state[param]["exp_avg"] != 0).all()))
"""


def _script(text: str, *arguments: str) -> str:
    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", text, here, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@switches
@pytest.mark.parametrize("engine", ["numpy", "numpy-emulated", "numba"])
def test_a_process_that_flushed_at_import_is_refused_then_and_right_afterwards(engine: str) -> None:
    if reason := why_unavailable(engine):
        pytest.skip(reason)
    printed = _script(_IMPORTED_WHILE_FLUSHING, engine)
    assert printed == "713624 0x1.0000000000000p-149 1 0x1.0000000000000p-149 5e-324"  # 1e-39


@switches
@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_helper_thread_that_flushes_takes_no_part(engine: str) -> None:
    if reason := why_unavailable(engine):
        pytest.skip(reason)
    assert _script(_HELPERS_THAT_FLUSH, engine) == "1 True"


def test_no_literal_is_subnormal() -> None:
    """A process that flushes would compile one to zero, and keep it so on disk for those that do not."""
    roots = [Path(str(found.origin)).parent for found in map(find_spec, ("adamax_ref", "adamax_ref_numpy")) if found]
    files = [file for root in (roots[0], roots[1].parent) for file in root.rglob("*.py")]
    numbers = [(file.name, node) for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    small = [
        (name, node.lineno)
        for name, node in numbers
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < abs(node.value) < sys.float_info.min
    ]
    assert len(files) > 200 and small == []


@switches
def test_no_engine_is_judged_in_a_process_that_flushes() -> None:
    with flushing(), pytest.raises(TargetUnavailable, match=REFUSED):
        open_target("backend:numpy")


class Flushing:
    """The NumPy engine, but that results which are subnormal become zero; it does not say so."""

    def __getattr__(self, name: str) -> Any:
        return getattr(get_backend("numpy"), name)

    def compile(self, recipe: Recipe) -> Kernel:
        """Return a kernel that flushes."""
        return RecipeKernel(partial(FlushingStep, recipe))

    step = AbstractBackend.step


class FlushingStep(Prepared):
    """A step of the NumPy engine, after which every subnormal number is made zero."""

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step."""
        get_backend("numpy").step(self.recipe, self.ps, gs, self.ms, self.us, constants)
        for array in self.written:
            array[abs(array) < self.recipe.storage_format.smallest_normal] = 0
        return self.ps, self.ms, self.us


def test_an_engine_that_flushes_without_saying_so_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_backend, "get_backend", lambda name: Flushing())
    with pytest.raises(TargetUnavailable, match="turns subnormal numbers into zeros and declares that it keeps them"):
        open_target("backend:flushing")


@pytest.mark.frameworks
def test_jax_declares_that_it_flushes_and_is_exact_on_subnormal_cases_too(peer: Callable[[str], ModuleType]) -> None:
    peer("jax")
    target, corpus = open_target("backend:array-api-jax"), open_corpus()
    assert target.hello.declares == target.declares("torch") == ("ftz",)
    verdict = run(target, corpus, "paper", "f32").verdict
    subnormal = [each for each in verdict.cases if "subnormal" in each.case.flags]
    assert subnormal and all(each.status == "exact" for each in subnormal)
    assert verdict.grade is Grade.EXACT and verdict.counts["skipped"] == 0
