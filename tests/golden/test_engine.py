"""A corpus regenerated on an array engine has the bytes of the one that integers made."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from types import ModuleType
from typing import Any, final

import pytest
from click.testing import CliRunner

from adamax_ref.backend import Prepared, RecipeKernel, get_backend
from adamax_ref.cli import main
from adamax_ref.golden.case import Case
from adamax_ref.golden.engine import computing
from adamax_ref.golden.generate import make_bytes
from adamax_ref.golden.oracle import ELEMENTS, stepped
from adamax_ref.golden.plan import Part

WIDE = ("core/torch/f32/decay.json", "core/torch/f64/range.json", "core/keras/f32/range.json", "core/optax/f32/eps.json")
NARROW = ("core/torch/bf16/decay.json", "core/torch/f16/moment.json")
ENGINES = {"numpy": (*WIDE, *NARROW), "array-api-strict": WIDE, "numba": (WIDE[0], NARROW[0])}
"""What each engine regenerates here; Numba compiles every recipe for seconds, and strict namespaces have no 16-bit types."""


@final
class Clauses:
    """A bank that names a bug for every case: what is killed does not hang on who computes."""

    def killed_by(self, case: Case) -> tuple[str, ...]:
        """Name the same bug always."""
        return ("B01",)

    def described(self, cases: Iterable[Case]) -> Any:
        """Describe nothing."""
        return {}


def part_of(path: str) -> Part:
    """Return the part of a path."""
    level, dialect, profile, category = path.removesuffix(".json").split("/")
    return Part(level, dialect, profile, category)


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in ENGINES.items() for path in paths])
def test_an_engine_gives_the_same_bytes(name: str, path: str, peer: Callable[[str], ModuleType]) -> None:
    peer(name.replace("-", "_"))
    assert make_bytes(part_of(path), Clauses(), name) == _stepped(path)


@cache
def _stepped(path: str) -> bytes:
    return make_bytes(part_of(path), Clauses())


def test_a_wrong_engine_does_not_get_away_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bits lie outside the bounds, which no engine has a part in."""
    backend = get_backend("numpy")
    honest = backend.compile

    class Wrong(Prepared):
        """A right step, and a quarter more."""

        def run(self, gs: Any, constants: Any) -> Any:
            honest(self.recipe).prepare(self.ps, self.ms, self.us).run(gs, constants)
            return [p + p.dtype.type(0.25) for p in self.ps], self.ms, self.us

    def compile(self: Any, recipe: Any) -> Any:
        return RecipeKernel(partial(Wrong, recipe))

    monkeypatch.setattr(type(backend), "compile", compile)
    with pytest.raises(ValueError, match=r"element 0 is .* by the recipe, outside"):
        make_bytes(part_of("core/torch/f32/eps.json"), Clauses(), "numpy")
    assert ELEMENTS.get() is stepped


def test_the_stepper_computes_again_afterwards_and_an_unknown_engine_is_named() -> None:
    with computing("numpy"):
        assert ELEMENTS.get() is not stepped
    assert ELEMENTS.get() is stepped
    with pytest.raises(ValueError, match="unknown backend 'abacus'"), computing("abacus"):
        pass


def test_generate_refuses_an_engine_that_lacks_a_profile_before_anything_is_computed(tmp_path: Any) -> None:
    done = CliRunner().invoke(
        main, ["golden", "generate", str(tmp_path / "g"), "--dialect", "torch", "--backend", "array-api-strict"]
    )
    assert done.exit_code == 2
    assert "does not compute in bf16, f16" in " ".join(done.output.split())
    assert list(tmp_path.iterdir()) == []
