"""``assert_conforms``: what passes, what fails, and what the failure says."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from adamax_ref import Adamax
from adamax_ref.cli import main
from adamax_ref.conformance.targets import open_target
from adamax_ref.testing import assert_conforms, golden_cases


@pytest.mark.parametrize(("profile", "recipe"), [("f32", "m=sum"), ("f64", "m=sum")])
def test_a_right_class_passes_and_its_order_of_operations_is_named(examples: ModuleType, profile: str, recipe: str) -> None:
    judged = assert_conforms(examples.Mine, "torch", profile, lacks=("complex",))
    assert judged.verdict.recipe is not None and recipe in judged.verdict.recipe
    assert judged.verdict.counts["refused-ok"] > 10
    assert judged.hello.exposes == ("theta", "m", "u", "t")


def test_a_wrong_class_fails_with_the_report_and_the_bug_by_name(examples: ModuleType) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_conforms(examples.Forgetful)
    message = str(caught.value)
    assert "verdict NOT CONFORMANT" in message
    assert "cause   B16 u decays with beta1" in message
    assert "got " in message and " wanted " in message and " ulp" in message
    assert "Forgetful" in message


def test_a_right_step_function_passes_and_a_wrong_one_is_named(examples: ModuleType) -> None:
    assert assert_conforms(examples.step, dialect="paper").verdict.text == "EXACT"
    with pytest.raises(AssertionError, match="cause   B01 no bias correction"):
        assert_conforms(examples.uncorrected, dialect="paper")


def test_conforming_is_not_enough_where_more_is_asked_for(examples: ModuleType) -> None:
    assert_conforms(examples.Mine, tier="named")
    with pytest.raises(AssertionError, match="it conforms, but is not exact"):
        assert_conforms(examples.Mine, tier="exact")


def test_our_own_optimizer_is_exact() -> None:
    assert_conforms(lambda params, **options: Adamax(params, **options, backend="numpy"), profile="f64", tier="exact")


@pytest.mark.frameworks
def test_torch_is_exact_and_a_subclass_with_a_mistake_is_named(peer: Callable[[str], ModuleType]) -> None:
    torch = peer("torch")

    class Squared(torch.optim.Adamax):  # type: ignore[misc, name-defined]
        """Adds the square of epsilon, as a variance would need it."""

        def __init__(self, params: Any, eps: float = 1e-8, **options: Any) -> None:
            super().__init__(params, eps=eps if eps < 0 else eps**2, **options)

    assert_conforms(torch.optim.Adamax, tier="exact")
    with pytest.raises(AssertionError, match="cause   B24 epsilon squared"):
        assert_conforms(Squared)


@pytest.mark.frameworks
def test_a_function_that_makes_optimizers_of_torch_needs_to_say_so(peer: Callable[[str], ModuleType]) -> None:
    torch = peer("torch")
    assert_conforms(lambda params, **options: torch.optim.Adamax(params, foreach=False, **options), arrays="torch", tier="exact")


def test_of_a_class_without_readable_state_the_parameter_alone_is_judged(examples: ModuleType) -> None:
    judged = assert_conforms(examples.Secretive)
    assert judged.hello.exposes == ("theta",)
    assert judged.verdict.text.endswith("(theta only)")
    assert {"l2", "maximize", "init-state", "lr-schedule"} <= set(judged.verdict.untested)


def test_a_result_of_another_type_is_an_error_and_no_silent_conversion(examples: ModuleType) -> None:
    def widened(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
        made = examples.step(*(np.float64(array) for array in (p, g, m, u)), t, hyper)
        return tuple(made)

    with pytest.raises(AssertionError, match=r"the new p is float64 of shape .* and must be float32"):
        assert_conforms(widened, dialect="paper")


def test_a_step_function_may_change_what_it_is_given(examples: ModuleType) -> None:
    def in_place(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
        new = examples.step(p, g, m, u, t, hyper)
        for array, numbers in zip((p, m, u), new, strict=True):
            array[...] = numbers
        g[...] = 7
        return p, m, u

    assert_conforms(in_place, dialect="paper")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"tier": "perfect"}, ValueError, "unknown tier 'perfect'; ask for certified, named, exact"),
        ({"dialect": "adam"}, ValueError, "the corpus has no dialect 'adam'"),
        ({"profile": "f8"}, ValueError, "the corpus has no profile 'f8'"),
        ({"implementation": 3}, TypeError, "3 is no implementation"),
        ({"arrays": "lists"}, ValueError, "unknown arrays 'lists'"),
    ],
)
def test_wrong_arguments_are_refused_with_what_there_is(
    examples: ModuleType, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        assert_conforms(**{"implementation": examples.Mine, **arguments})


def test_a_page_is_written_for_a_failure_too(examples: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        assert_conforms(examples.uncorrected, dialect="paper", html=str(tmp_path / "report.html"))
    assert "B01" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_case_by_itself_says_why_it_is_there(examples: ModuleType) -> None:
    case = next(each for each in golden_cases("torch", "f32", category="u-decay") if str(each).endswith("/shrink-two"))
    case.check(examples.Mine)
    with pytest.raises(AssertionError, match=r"(?s)torch/f32/u-decay/shrink-two: failed\nstep 2  u\[0\]  got .*\nwhy The second"):
        case.check(examples.Forgetful)


def test_a_callable_is_judged_from_the_command_line(examples_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "users_adamax.py").write_text(examples_file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(main, ["verify", "callable:users_adamax:step", "--dialect", "paper", "--profile", "f32"])
    assert result.exit_code == 0, result.output
    assert "users_adamax.step" in result.output
    result = CliRunner().invoke(main, ["verify", "callable:users_adamax:nothing"])
    assert result.exit_code == 3
    assert "write MODULE:NAME" in result.output


def test_an_optimizer_class_that_cannot_even_be_made_is_reported_and_not_raised() -> None:
    def broken(params: Any, **options: Any) -> Any:
        raise RuntimeError("out of order")

    with pytest.raises(AssertionError, match="adapter-error: RuntimeError: out of order"):
        assert_conforms(broken)


def test_targets_are_taken_as_they_are() -> None:
    assert_conforms(open_target("backend:numpy"), "paper", "f64", tier="exact")
