"""Engines and dialects of other packages: none displaces another by chance, and none that fails takes the rest along."""

import copy
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter, dialects, init, update
from adamax_ref.backend import (
    AbstractBackend,
    BackendUnavailable,
    Capabilities,
    Prepared,
    RecipeKernel,
    backend_for,
    get_backend,
    package_of,
    why_unavailable,
)
from adamax_ref.backend import registry as discovery
from adamax_ref.recipe.hyper import Hyperparameters


class Step(Prepared):
    """Sets every parameter to 7."""

    def run(self, gs: Any, constants: Any) -> Any:
        """Do so."""
        for p in self.ps:
            p[...] = 7
        return self.ps, self.ms, self.us


class Engine(AbstractBackend):
    """An engine of another package, for arrays of NumPy."""

    def __init__(self, name: str = "other", declared: Capabilities | None = None, priority: int | None = None) -> None:
        self.name, self.priority = name, priority
        self._declared = declared or Capabilities()

    @property
    def capabilities(self) -> Capabilities:
        """What the test says."""
        return self._declared

    def owns(self, array: Any) -> bool:
        """Whether it is NumPy's."""
        return isinstance(array, np.ndarray)

    def compile(self, recipe: Any) -> Any:
        """Return the kernel."""
        return RecipeKernel(partial(Step, recipe))

    def from_host(self, value: Any, like: Any = None) -> Any:
        """Return a copy."""
        return np.array(value)

    def to_host(self, array: Any) -> Any:
        """Return a copy."""
        return np.array(array)

    def zeros_like(self, array: Any) -> Any:
        """Return zeros."""
        return np.zeros_like(array)


@dataclass(frozen=True)
class Point:
    """An entry point of another package."""

    name: str
    loads: Callable[[], Any]
    package: str = "others-package"

    @property
    def dist(self) -> Any:
        """Return the package."""
        return SimpleNamespace(name=self.package, version="1.5")

    def load(self) -> Any:
        """Load, or fail."""
        return self.loads()


def _forget() -> None:
    for remembered in (discovery.backend_names, discovery.get_backend, discovery._by_priority):
        remembered.cache_clear()


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Register entry points for the length of a test."""
    own = discovery._registered()

    def known(*points: Point) -> None:
        monkeypatch.setattr(discovery, "_registered", lambda: (*own, *points))
        _forget()

    yield known
    monkeypatch.undo()
    _forget()


def _raise(error: Exception) -> Any:
    raise error


@pytest.mark.parametrize("name", ["other", "aaa"])
def test_an_engine_without_a_priority_displaces_nobody_and_is_there_for_who_asks(register: Any, name: str) -> None:
    first = backend_for(np.zeros(3)).name
    register(Point(name, lambda: Engine(name)))
    assert backend_for(np.zeros(3)).name == first
    assert package_of(name) == ("others-package", "1.5")
    param = Parameter(np.zeros(3), np.ones(3))
    Adamax([param], backend=name).step()
    assert param.data.tolist() == [7, 7, 7]


def test_an_engine_that_says_so_comes_first(register: Any) -> None:
    register(Point("other", lambda: Engine(priority=100)))
    assert backend_for(np.zeros(3)).name == "other"


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (
            Point("other", lambda: _raise(ValueError("no licence"))),
            "others-package 1.5 is left out.*no licence",
        ),
        (Point("other", lambda: _raise(ImportError("no module"))), "ImportError: no module"),
    ],
)
def test_an_engine_that_cannot_be_imported_is_left_out_with_a_warning(register: Any, point: Point, words: str) -> None:
    first = backend_for(np.zeros(3)).name
    register(point)
    with pytest.warns(RuntimeWarning, match=words):
        assert backend_for(np.zeros(3)).name == first
    assert "other" in str(why_unavailable("other"))
    with pytest.raises(BackendUnavailable, match="backend 'other' cannot be imported"):
        get_backend("other")


def test_an_engine_that_fails_when_it_is_asked_is_left_out_with_a_warning(register: Any) -> None:
    engine = Engine(priority=100)
    engine.owns = lambda array: _raise(RuntimeError("asked"))  # type: ignore[method-assign]
    register(Point("other", lambda: engine))
    with pytest.warns(RuntimeWarning, match=r"'other' .* is left out: owns\(\) raised RuntimeError: asked"):
        assert backend_for(np.zeros(3)).name != "other"


def test_two_engines_of_one_name_are_an_error_that_names_both_packages(register: Any) -> None:
    register(Point("other", Engine), Point("other", Engine, "third-package"), Point("numpy", Engine))
    with pytest.raises(ValueError, match="others-package and third-package each register a backend 'other'"):
        get_backend("other")
    with pytest.raises(ValueError, match="adamax-ref and others-package each register a backend 'numpy'"):
        get_backend("numpy")
    with pytest.warns(RuntimeWarning, match="each register it"):
        assert type(backend_for(np.zeros(3))) is not Engine


def test_only_declared_profiles_reach_an_engine(register: Any) -> None:
    register(Point("other", lambda: Engine(declared=Capabilities(frozenset({"f32"})), priority=100)))
    assert backend_for(np.zeros(3, np.float32)).name == "other"
    assert backend_for(np.zeros(3)).name != "other"
    with pytest.raises(TypeError, match="backend 'other' does not compute in f64; it has f32; leave out backend=, or convert"):
        Adamax([Parameter(np.zeros(3))], backend="other")


def test_an_engine_has_to_work_where_it_says(register: Any) -> None:
    register(Point("other", lambda: Engine(declared=Capabilities(in_place=False))))
    param = Parameter(np.zeros(3), np.ones(3))
    with pytest.raises(TypeError, match="backend 'other' declares in_place=False, but"):
        Adamax([param], backend="other").step()
    assert param.data.tolist() == [0, 0, 0]


@pytest.fixture
def register_dialects(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Register dialects for the length of a test."""
    caches = (dialects.names, dialects._get)

    def known(*points: Point) -> None:
        monkeypatch.setattr(dialects, "_registered", lambda: points)
        for remembered in caches:
            remembered.cache_clear()

    yield known
    monkeypatch.undo()
    for remembered in caches:
        remembered.cache_clear()


OWN = replace(dialects.get("paper"), name="own", defaults=Hyperparameters(lr=0.5, eps=0.0))


def test_a_dialect_of_another_package_is_known_by_its_name(register_dialects: Any) -> None:
    register_dialects(Point("own", lambda: OWN))
    assert "own" in dialects.names() and dialects.get("own") is OWN
    register_dialects(Point("own", lambda: OWN), Point("own", lambda: OWN, "third-package"))
    with pytest.raises(ValueError, match="others-package and third-package each register a dialect 'own'"):
        dialects.get("own")
    register_dialects(Point("torch", lambda: OWN))
    with pytest.raises(ValueError, match="adamax-ref and others-package each register a dialect 'torch'"):
        dialects.get("torch")
    register_dialects(Point("mine", lambda: OWN))
    with pytest.raises(TypeError, match=r"leads to <dialect own: .*>, not to a dialect of that name"):
        dialects.get("mine")


def test_an_optimizer_takes_a_dialect_as_well_as_a_name() -> None:
    results = []
    for dialect in (OWN, "paper"):
        param = Parameter(np.ones(3), np.ones(3))
        optimizer = Adamax([param], eps=0.0, dialect=dialect)
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
        for again in (optimizer, copy.deepcopy(optimizer)):
            again.step()
        results.append(param.data.tobytes())
        new, _ = update({"w": np.ones(3)}, {"w": np.ones(3)}, init({"w": np.ones(3)}), Hyperparameters(eps=0.0), dialect=dialect)
        results.append(new["w"].tobytes())
    assert results[:2] == results[2:]
    assert pickle.loads(pickle.dumps(Adamax([Parameter(np.ones(3))], eps=0.0, dialect="paper"))).dialect == "paper"
