"""The probes separate what differs, and an implementation is named from its answers alone."""

import itertools
from collections.abc import Callable
from typing import Any, final

import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.identify import PROBES, every_dialect, identify, prediction
from adamax_ref.conformance.target import Target
from adamax_ref.golden.case import Case

# Dialects that are one function under several names, and why no probe can part them.
SAME = (
    {"ensmallen", "keras/early", "lasagne"},  # the formula as it is written, in the type of the array
    {"keras", "keras/tf-keras"},  # one text in two packages
    {"torch/pre-2.1", "torchsharp"},  # one follows the other
    {"flux", "optimisers-jl"},  # in double; Flux's single precision is not modelled
    {"netket", "optim-jl"},  # a floor that is stored; they part where a run begins, with a moment of 0 or of the first gradient
    {"torch", "torch/foreach", "pytorch-optimizer"},  # in 32 and 64 bits; the first two part in 16
)


def answers(name: str) -> dict[tuple[str, str], Any]:
    kinds = {probe.name: ("l2", "decoupled") if probe.h.weight_decay else ("none",) for probe in PROBES}
    return {(probe.name, kind): prediction(name, probe, kind) for probe in PROBES for kind in kinds[probe.name]}


def test_the_probes_tell_every_two_dialects_apart_unless_they_are_one_function() -> None:
    told = {dialect.name: answers(dialect.name) for dialect in every_dialect()}
    alike = {frozenset((a, b)) for a, b in itertools.combinations(told, 2) if told[a] == told[b]}
    assert all(any(pair <= group for group in SAME) for pair in alike)
    assert len(told) > 50


def test_where_both_answer_only_the_same_functions_and_disjoint_profiles_agree() -> None:
    told = {dialect.name: answers(dialect.name) for dialect in every_dialect()}
    for a, b in itertools.combinations(told, 2):
        both = [key for key, text in told[a].items() if text is not None and told[b][key] is not None]
        undecided = all(told[a][key] == told[b][key] for key in both)
        lacking = any((told[a][key] is None) != (told[b][key] is None) for key in told[a])
        assert not undecided or lacking or any({a, b} <= group for group in SAME), (a, b)


@final
class Answering(Target):
    """A target that answers with a dialect's predictions, changed by a function of the reported text."""

    def __init__(self, name: str, change: Callable[[str], str] = str, profiles: tuple[str, ...] = ("f32",)) -> None:
        self.name, self.change, self.profiles = name, change, profiles

    @property
    def hello(self) -> Hello:
        """Unknown dialect."""
        return Hello("a stranger", "1", "none", (), self.profiles)

    def run(self, case: Case) -> Answer:
        """Answer with what the dialect says."""
        probe = next(probe for probe in PROBES if probe.name == case.id.rpartition("/")[2])
        texts = prediction(self.name, probe, case.hyper.decay)
        if texts is None:
            return Answer(case.id, refused="not mine")
        steps = (Reported(at, *(self.change(texts[at, what]) for what in ("theta", "m", "u")), at) for at in probe.report)  # type: ignore[call-arg,arg-type]
        return Answer(case.id, steps=tuple(steps))


@pytest.mark.parametrize("name", ["dl4j", "nnabla", "torch/cuda", "optax/jit-update-many", "mxnet/1.x", "paper", "tensorflow/xla"])
def test_a_stranger_is_named_by_its_single_precision_answers(name: str) -> None:
    assert identify(Answering(name)).names[0] == name


def test_a_stranger_that_fits_nothing_is_told_what_is_nearest_and_where_it_differs() -> None:
    identity = identify(Answering("mlx", change=lambda text: text.replace("a", "b", 1)))
    nearest = identity.candidates[0]
    assert identity.names == () and nearest.name == "mlx"
    assert "after step 1 of probe 'roundings': 1 of 701 elements" in str(nearest.departures[0])


def test_double_precision_tells_keras_on_jax_from_keras_on_tensorflow() -> None:
    assert {"keras", "keras/jax"} <= set(identify(Answering("keras/jax")).names)
    assert identify(Answering("keras/jax", profiles=("f32", "f64"))).names == ("keras/jax",)


def test_a_target_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="answered none of the probes"):
        identify(Answering("torch", profiles=("c64",)))


@pytest.mark.parametrize(
    ("target", "code", "words"), [("backend:numpy", 0, "every bit of"), ("framework:none", 2, "unknown framework")]
)
def test_the_command_names_a_target_or_says_what_is_wrong(target: str, code: int, words: str) -> None:
    result = CliRunner().invoke(main, ["identify", target, "--no-confirm"])
    assert (result.exit_code, words in result.output) == (code, True)
