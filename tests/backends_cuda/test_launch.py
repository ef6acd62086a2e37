"""The launch that both CUDA engines share, on host memory: shapes, strides, tables that stay, constants, recordings."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.geometry import CHUNK
from adamax_ref_cuda.graph import CapturedStep

Array = np.ndarray[Any, Any]
TORCH = get("torch")


@pytest.fixture
def recipe() -> Recipe:
    return TORCH.recipe(TORCH.defaults, "f32")


def scalars(recipe: Recipe, t: int = 1) -> tuple[float, ...]:
    return TORCH.scalars(TORCH.defaults, t, recipe)


def numbers(shape: tuple[int, ...], seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [*(rng.standard_normal(shape).astype(np.float32) for _ in "pgm"), rng.random(shape, dtype=np.float32)]


def stepped(recipe: Recipe, arrays: list[Array], constants: tuple[float, ...]) -> list[Array]:
    """Return what NumPy makes of copies."""
    copies = [array.copy() for array in arrays]
    numpy_kernel: Any = partial(get_backend("numpy").step, recipe)
    numpy_kernel(*([array] for array in copies), [constants])
    return copies


SHAPES = [(), (0,), (3, 0), *((n,) for n in range(1, 18)), (63,), (70,), (1000,), (1001,), (CHUNK - 1,), (CHUNK,), (CHUNK + 5,)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_size_has_the_bits_of_numpy(host_backend: Any, lent: Any, recipe: Recipe, shape: tuple[int, ...]) -> None:
    arrays = numbers(shape, 3)
    want = stepped(recipe, arrays, scalars(recipe))
    host_backend.step(recipe, *([lent(array)] for array in arrays), [scalars(recipe)])
    assert all(got.tobytes() == wanted.tobytes() for got, wanted in zip(arrays, want, strict=True))


VIEWS: dict[str, Callable[[Array], Array]] = {
    "offset by one element": lambda a: a[1:],
    "reversed": lambda a: a[::-1],
    "every third": lambda a: a[::3],
    "every third, reversed": lambda a: a[::-3],
    "transposed": lambda a: a.reshape(50, 80).T,
    "columns": lambda a: a.reshape(50, 80)[:, 3:40],
    "three axes, one reversed": lambda a: a.reshape(10, 20, 20)[:, ::-2, 1:].transpose(2, 0, 1),
}


@pytest.mark.parametrize("which", ["all alike", "only the gradient", "all but the gradient"])
@pytest.mark.parametrize("view", VIEWS)
def test_views_are_stepped_where_they_lie_and_nothing_beside_them(
    host_backend: Any, lent: Any, recipe: Recipe, view: str, which: str
) -> None:
    bases = numbers((4000,), 5)
    strided = {"all alike": "pgmu", "only the gradient": "g", "all but the gradient": "pmu"}[which]
    arrays = [VIEWS[view](base) for base in bases]
    arrays = [a if letter in strided else np.ascontiguousarray(a) for letter, a in zip("pgmu", arrays, strict=True)]
    want = stepped(recipe, arrays, scalars(recipe))
    before = [base.copy() for base in bases]
    host_backend.step(recipe, *([lent(array)] for array in arrays), [scalars(recipe)])
    assert all((got == wanted).all() for got, wanted in zip(arrays, want, strict=True))
    for base, old in zip(bases, before, strict=True):
        VIEWS[view](old)[...] = VIEWS[view](base)
        assert old.tobytes() == base.tobytes()


def test_a_thousand_tensors_take_one_launch_each_with_its_own_constants(host_backend: Any, lent: Any, recipe: Recipe) -> None:
    rng = np.random.default_rng(0)
    tensors = [numbers((int(n),), at) for at, n in enumerate(rng.integers(1, 300, 1000))]
    constants = [scalars(recipe, int(t)) for t in rng.integers(1, 1000, 1000)]
    want = [stepped(recipe, arrays, row) for arrays, row in zip(tensors, constants, strict=True)]
    kernel = partial(host_backend.step, recipe)
    kernel(*([lent(arrays[k]) for arrays in tensors] for k in range(4)), constants)
    assert host_backend.host_launcher.launches == 1
    assert all(
        a.tobytes() == b.tobytes() for got, wanted in zip(tensors, want, strict=True) for a, b in zip(got, wanted, strict=True)
    )


def test_tables_are_made_once_and_again_when_a_gradient_moves(host_backend: Any, lent: Any, recipe: Recipe) -> None:
    arrays = numbers((100,), 1)
    p, g, m, u = map(lent, arrays)
    prepared = host_backend.compile(recipe).prepare([p], [m], [u])
    for t in range(1, 6):
        prepared.run([g], [scalars(recipe, t)])
    assert prepared.made == 1
    prepared.run([lent(arrays[1].copy())], [scalars(recipe, 6)])
    assert prepared.made == 2
    assert prepared.holds([p], [m], [u]) and not prepared.holds([p], [u], [m])
    m.host = m.host[:50]
    assert not prepared.holds([p], [m], [u])


def test_constants_wait_in_memory_of_their_own_while_a_copy_is_under_way(host_backend: Any, lent: Any, recipe: Recipe) -> None:
    p, g, m, u = (lent(array) for array in numbers((10,), 1))
    prepared = host_backend.compile(recipe).prepare([p], [m], [u])
    host_backend.host_launcher.slow_copies = True
    for t in range(1, 4):
        prepared.run([g], [scalars(recipe, t)])
    resident = prepared._resident
    assert [locked[0].tolist() for locked, _ in resident.staging] == [list(scalars(recipe, t)) for t in range(1, 4)]
    host_backend.host_launcher.slow_copies = False
    resident.staging = [(locked, True) for locked, _ in resident.staging]
    prepared.run([g], [scalars(recipe, 4)])
    assert len(resident.staging) == 3


def test_no_arrays_are_no_launch(host_backend: Any, recipe: Recipe) -> None:
    assert host_backend.step(recipe, [], [], [], [], []) == ([], [], [])
    assert host_backend.host_launcher.launches == 0


def optimizers(host_backend: Any, lent: Any, seed: int = 2) -> tuple[Adamax, Adamax, list[Parameter], list[Parameter]]:
    """Return two optimizers in the same state, the second to be captured, after one step each."""
    made = []
    for _ in range(2):
        arrays = [numbers(shape, seed + at) for at, shape in enumerate([(7,), (300,), (4, 5)])]
        params = [Parameter(lent(p), grad=lent(g)) for p, g, _, _ in arrays]
        optimizer = Adamax([{"params": params[:2]}, {"params": params[2:], "lr": 0.1}], backend=host_backend.name)
        optimizer.step()
        made.append((optimizer, params))
    (plain, ours), (captured, theirs) = made
    return plain, captured, ours, theirs


def test_replays_equal_plain_steps_bit_for_bit_with_the_rate_changed_between(host_backend: Any, lent: Any) -> None:
    plain, captured, ours, theirs = optimizers(host_backend, lent)
    launcher = host_backend.host_launcher
    step = CapturedStep(captured)
    launcher.capturing = True
    step.record()
    launcher.capturing = False
    rng = np.random.default_rng(1)
    for t in range(20):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad.host[...] = other.grad.host[...] = rng.standard_normal(mine.data.shape)
        if t == 10:
            plain.param_groups[0]["lr"] = captured.param_groups[0]["lr"] = 0.5
        plain.step()
        step.prepare()
        for launch in launcher.graph:
            launch()
        for mine, other in zip(ours, theirs, strict=True):
            assert mine.data.host.tobytes() == other.data.host.tobytes()
            assert plain.state[mine]["exp_inf"].host.tobytes() == captured.state[other]["exp_inf"].host.tobytes()
    assert all(plain.state[mine]["step"] == captured.state[other]["step"] == 21 for mine, other in zip(ours, theirs, strict=True))


def test_a_plain_step_in_a_capture_is_refused(host_backend: Any, lent: Any) -> None:
    plain, _, _, _ = optimizers(host_backend, lent)
    host_backend.host_launcher.capturing = True
    with pytest.raises(RuntimeError, match="a plain step cannot be captured"):
        plain.step()


def test_a_step_without_tables_cannot_be_captured(host_backend: Any, lent: Any) -> None:
    p, g, _, _ = numbers((5,), 1)
    optimizer = Adamax([Parameter(lent(p), grad=lent(g))], backend=host_backend.name)
    host_backend.host_launcher.capturing = True
    with pytest.raises(RuntimeError, match="do one plain step with the same arrays first"):
        CapturedStep(optimizer).record()


def test_a_step_is_captured_once_and_before_it_is_replayed(host_backend: Any, lent: Any) -> None:
    _, captured, _, _ = optimizers(host_backend, lent)
    step = CapturedStep(captured)
    with pytest.raises(RuntimeError, match="there is nothing to replay"):
        step.prepare()
    host_backend.host_launcher.capturing = True
    step.record()
    with pytest.raises(RuntimeError, match="captured already"):
        step.record()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lent, p: setattr(p, "grad", lent(p.grad.host.copy())), "lies elsewhere"),
        (lambda lent, p: setattr(p, "grad", None), "lost or gained its gradient"),
        (lambda lent, p: setattr(p, "data", lent(p.data.host.copy())), "lies elsewhere"),
    ],
)
def test_a_replay_with_other_arrays_is_refused(host_backend: Any, lent: Any, change: Any, words: str) -> None:
    _, captured, _, params = optimizers(host_backend, lent)
    step = CapturedStep(captured)
    host_backend.host_launcher.capturing = True
    step.record()
    host_backend.host_launcher.capturing = False
    step.prepare()
    change(lent, params[0])
    counts = [captured.state[param]["step"] for param in params]
    with pytest.raises(RuntimeError, match=words):
        step.prepare()
    assert [captured.state[param]["step"] for param in params] == counts and captured.fault is None


def test_a_replay_of_another_recipe_is_refused(host_backend: Any, lent: Any) -> None:
    _, captured, _, _ = optimizers(host_backend, lent)
    step = CapturedStep(captured)
    host_backend.host_launcher.capturing = True
    step.record()
    host_backend.host_launcher.capturing = False
    step.prepare()
    captured.param_groups[1]["weight_decay"] = captured.param_groups[0]["weight_decay"] = 0.1
    with pytest.raises(RuntimeError, match="other launches"):
        step.prepare()
    assert captured.fault is None  # nothing has been launched


def test_parameters_that_all_lose_their_gradient_are_not_counted_on(host_backend: Any, lent: Any) -> None:
    _, captured, _, params = optimizers(host_backend, lent)
    step = CapturedStep(captured)
    host_backend.host_launcher.capturing = True
    step.record()
    host_backend.host_launcher.capturing = False
    step.prepare()
    counts = [captured.state[param]["step"] for param in params]
    for param in params:
        param.grad = None
    with pytest.raises(RuntimeError, match="lost or gained its gradient"):
        step.prepare()
    assert [captured.state[param]["step"] for param in params] == counts


def test_a_launch_that_fails_is_followed_by_a_refusal(host_backend: Any, lent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, _, _params, _ = optimizers(host_backend, lent)
    saved = plain.state_dict()

    def failing(*launch: Any) -> None:
        raise RuntimeError("an illegal memory access was encountered")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="illegal memory access"):
        patch.setattr(host_backend.host_launcher, "launch", failing)
        plain.step()
    with pytest.raises(RuntimeError, match=r"broke off while it was written .*illegal memory access"):
        plain.step()
    plain.load_state_dict(saved)
    plain.step()


def test_complex_parameters_are_stepped_through_views(host_backend: Any, lent: Any) -> None:
    rng = np.random.default_rng(4)
    p, g = ((rng.standard_normal(33) + 1j * rng.standard_normal(33)).astype(np.complex64) for _ in "pg")
    ours, theirs = Parameter(lent(p.copy()), grad=lent(g)), Parameter(p.copy(), grad=g)
    for param, name in ((ours, host_backend.name), (theirs, "numpy")):
        optimizer = Adamax([param], weight_decay=0.1, backend=name)
        for _ in range(3):
            optimizer.step()
    assert ours.data.host.tobytes() == theirs.data.tobytes()


@pytest.mark.parametrize("view", [slice(None), slice(None, None, 2), slice(None, None, -1)], ids=["dense", "stepped", "reversed"])
@pytest.mark.parametrize("size", [5, 32, 70, 1000])
def test_what_a_vector_loop_leaves_over_is_stepped_where_it_lies(host_backend: Any, lent: Any, size: int, view: slice) -> None:
    rng = np.random.default_rng(8)
    p, g = (rng.standard_normal((3, size)).astype(np.float16) for _ in "pg")
    ours, theirs = p.copy(), p.copy()
    stepped = Parameter(lent(ours[:, view]), grad=lent(g[:, view])), Parameter(theirs[:, view], grad=g[:, view])
    for param, name in zip(stepped, (host_backend.name, "numpy"), strict=True):
        optimizer = Adamax([param], weight_decay=0.1, backend=name)
        for _ in range(3):
            optimizer.step()
    assert ours.tobytes() == theirs.tobytes() != p.tobytes()
