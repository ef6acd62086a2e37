"""The Numba engine: tables that follow their arrays, threads that change no bit, code that is kept on disk."""

import math
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import BackendUnavailable, get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.hyper import Hyperparameters

numba = pytest.importorskip("numba")

DIALECT = get("torch")
HYPER = Hyperparameters(lr=0.01, weight_decay=0.1)
RECIPE = DIALECT.recipe(HYPER, "f32")
FIRST, LATER = (DIALECT.scalars(HYPER, t, RECIPE) for t in (1, 9))
NAMED = tuple(zip(RECIPE.constants, FIRST, strict=True))
Lists = list[list[np.ndarray]]


def _lists(sizes: list[int], seed: int = 1) -> Lists:
    rng = np.random.default_rng(seed)
    lists = [[rng.standard_normal(size, dtype=np.float32) for size in sizes] for _ in "pgmu"]
    lists[3] = [abs(u) for u in lists[3]]
    return lists


def _copy(lists: Lists) -> Lists:
    return [[a.copy() for a in arrays] for arrays in lists]


def _run(name: str, lists: Lists, constants: Any = None) -> list[bytes]:
    ps, gs, ms, us = lists
    get_backend(name).step(RECIPE, ps, gs, ms, us, constants or [FIRST] * len(ps))
    return [a.tobytes() for arrays in (ps, ms, us) for a in arrays]


@pytest.fixture
def threads() -> Iterator[Any]:
    from adamax_ref.backend.threads import limit_threads

    yield limit_threads
    limit_threads(None)


@pytest.mark.parametrize("profile", ["f32", "f64"])
@pytest.mark.parametrize("eps", [1e-8, 0.0, 0.1])
def test_it_equals_numpy_on_a_grid_of_all_hard_values(profile: str, eps: float, hard: Any, same: Any) -> None:
    hyper = Hyperparameters(weight_decay=0.1, eps=eps)
    recipe = DIALECT.recipe(hyper, profile)
    values = [value.astype({"f32": np.float32, "f64": np.float64}[profile]) for value in hard(profile, 150_000)]
    results = []
    for name in ("numpy", "numba"):
        p, g, m, u = (value.copy() for value in values)
        get_backend(name).step(recipe, [p], [g], [m], [u], [DIALECT.scalars(hyper, 2, recipe)])
        results.append((p, m, u))
    for ours, theirs in zip(*results, strict=True):
        assert same(ours, theirs)


@pytest.mark.parametrize("which", range(4))
def test_every_nan_of_bfloat16_stays_one(which: int, same: Any) -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    recipe = DIALECT.recipe(HYPER, "bf16")
    nans = [sign | 0x7F80 | payload for sign in (0, 0x8000) for payload in range(1, 128)]
    values = [np.resize(np.arange(0, 1 << 16, 257 + 2 * at, dtype=np.uint16), len(nans)) for at in range(4)]
    values[which] = np.array(nans, np.uint16)
    results = []
    for name in ("numpy", "numba"):
        p, g, m, u = (value.copy().view(bfloat16) for value in values)
        get_backend(name).step(recipe, [p], [g], [m], [u], [DIALECT.scalars(HYPER, 1, recipe)])
        results.append((p, m, u))
    assert all(map(same, *results))
    assert np.isnan(results[1][0].astype(np.float32)).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_number_of_threads_changes_no_bit(count: int, threads: Any) -> None:
    lists = _lists([200_000, 0, 1, 32_768, 65_537, 3])
    want = _run("numpy", _copy(lists))
    threads(count)
    assert _run("numba", lists) == want


def test_a_limit_below_one_thread_is_refused(threads: Any) -> None:
    with pytest.raises(ValueError, match="count must be at least 1, not 0"):
        threads(0)


def test_parameters_of_one_call_may_be_at_different_steps() -> None:
    lists = _lists([5, 70, 1000])
    constants = [FIRST, LATER, FIRST]
    want = _run("numpy", _copy(lists), constants)
    assert _run("numba", lists, constants) == want


def test_arrays_of_all_kinds_go_through_one_call() -> None:
    lists = _lists([12, 35, 64])
    for at, arrays in enumerate(lists):
        arrays[0] = np.asfortranarray(arrays[0].reshape(3, 4))
        arrays[1] = arrays[1].astype(">f4")
        arrays[2] = np.repeat(arrays[2], 3)[::3] if at % 2 else np.repeat(arrays[2], 2)[::-2]
    want = _run("numpy", [[a.copy("K") for a in arrays] for arrays in lists])
    assert _run("numba", lists) == want


def test_new_gradients_new_arrays_and_reused_addresses_are_seen() -> None:
    lists = _lists([1000, 1000])
    for _ in range(30):
        want = _run("numpy", _copy(lists))
        assert _run("numba", lists) == want
        lists[1] = [a.copy() for a in lists[1]]  # mostly at the addresses of the arrays before the last ones
        fresh = _lists([1000, 1000], seed=3)
        lists[0][0], lists[2][1] = fresh[0][0], fresh[2][1]


def test_an_array_that_was_resized_in_place_is_not_taken_for_the_old_one() -> None:
    lists = _lists([4096])
    _run("numba", lists)
    for arrays in lists:
        arrays[0].resize(100, refcheck=False)
    want = _run("numpy", _copy(lists))
    assert _run("numba", lists) == want


def test_memory_that_two_parameters_share_is_refused_and_nothing_is_written() -> None:
    for overlap in ("parameter", "gradient", "state"):
        lists = _lists([64, 64])
        good = _copy(lists)
        _run("numba", good)
        base = np.ones(96, np.float32)
        row = {"parameter": 0, "gradient": 1, "state": 2}[overlap]
        lists[0][0], lists[row][1] = base[:64], base[32:]
        before = [a.tobytes() for arrays in lists for a in arrays]
        with pytest.raises(ValueError, match="shares memory"):
            _run("numba", lists)
        assert [a.tobytes() for arrays in lists for a in arrays] == before
    lists = _lists([64])
    lists[1][0] = lists[0][0]
    with pytest.raises(ValueError, match="shares memory"):
        _run("numba", lists)


def test_two_gradients_may_be_the_same_array() -> None:
    lists = _lists([64, 64])
    lists[1][1] = lists[1][0]
    want = _run("numpy", [[a.copy() for a in lists[0]], lists[1], *_copy(lists[2:])])
    assert _run("numba", lists) == want


@pytest.mark.parametrize("kind", ["arrays", "tensors"])
def test_what_cannot_be_read_in_compiled_code_has_the_same_bits(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lists: list[Any] = _lists([5, 70, 40_000])
    want = _run("numpy", _copy(lists))
    if kind == "tensors":
        torch = pytest.importorskip("torch")
        lists = [[torch.from_numpy(array) for array in arrays] for arrays in lists]
    monkeypatch.setattr("adamax_ref_numba.kernel.reader_of", lambda storage, tensors: None)
    ps, gs, ms, us = lists
    prepared = get_backend("numba").compile(RECIPE).prepare(ps, ms, us)
    prepared.run(gs, [FIRST] * 3)
    assert [np.asarray(a).tobytes() for arrays in (ps, ms, us) for a in arrays] == want
    assert prepared.holds(ps, ms, us) and not prepared.holds(ps, us, ms)


def _resized(array: np.ndarray) -> None:
    array.resize(3, refcheck=False)


def _reshaped(array: np.ndarray) -> None:
    array.shape = (2, 32)


def _frozen(array: np.ndarray) -> None:
    array.flags.writeable = False


def _retyped(array: np.ndarray) -> None:
    array.dtype = np.dtype(np.int32)  # type: ignore[misc] # allowed where nothing else refers to the memory


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # NumPy 2.5 discourages setting a shape and a dtype
@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("change", [_resized, _reshaped, _frozen, _retyped])
@pytest.mark.parametrize("row", [0, 2, 3])
def test_a_prepared_step_notices_what_changes_in_place(engine: str, change: Any, row: int) -> None:
    lists = _lists([64, 64])
    ps, gs, ms, us = lists
    prepared = get_backend(engine).compile(RECIPE).prepare(ps, ms, us)
    prepared.run(gs, [FIRST] * 2)
    assert prepared.holds(ps, ms, us) and prepared.fits(ps, gs, ms, us)
    change(lists[row][1])
    assert not prepared.holds(ps, ms, us) and not prepared.fits(ps, gs, ms, us)
    assert not prepared.holds(ps[:1], ms[:1], us[:1])


@pytest.mark.parametrize("wrong", ["aligned", "byte order", "elements"])
def test_a_new_gradient_of_the_same_shape_is_looked_at(wrong: str) -> None:
    """Gradients are new objects at every step; one that lies otherwise is not read like the last one."""
    others = _lists([64, 64])
    gs, want = _copy([others[1]])[0], _copy(others)
    for numbers in (gs, [gs[0], gs[1] * 2]):
        get_backend("numpy").step(RECIPE, want[0], numbers, want[2], want[3], [FIRST] * 2)
    prepared = get_backend("numba").compile(RECIPE).prepare(others[0], others[2], others[3])
    prepared.run(gs, [FIRST] * 2)
    second = gs[1] * 2
    if wrong == "aligned":
        memory = np.zeros(64 * 4 + 1, np.uint8)
        memory[1:] = second.view(np.uint8)
        second = memory[1:].view(np.float32)
    elif wrong == "byte order":
        second = second.astype(">f4")
    else:
        second = np.repeat(second, 2)[::2]
    prepared.run([gs[0], second], [FIRST] * 2)
    assert [a.tobytes() for row in (0, 2, 3) for a in others[row]] == [a.tobytes() for row in (0, 2, 3) for a in want[row]]


@pytest.mark.parametrize("change", ["set_", "t_", "resize_", "data", "unsqueeze_"])
@pytest.mark.parametrize("row", [0, 2, 3])
def test_a_prepared_step_notices_what_changes_in_a_tensor(change: str, row: int) -> None:
    torch = pytest.importorskip("torch")
    lists = [[torch.ones(4, 6) for _ in range(2)] for _ in "pgmu"]
    ps, gs, ms, us = lists
    prepared = get_backend("numba").compile(RECIPE).prepare(ps, ms, us)
    prepared.run(gs, [FIRST] * 2)
    assert prepared.holds(ps, ms, us)
    changed = lists[row][1]
    if change == "data":
        changed.data = torch.ones(4, 6)
    else:
        getattr(changed, change)(*{"set_": (torch.ones(4, 6),), "resize_": (3, 2), "unsqueeze_": (0,), "t_": ()}[change])
    assert not prepared.holds(ps, ms, us) and not prepared.fits(ps, gs, ms, us)


@pytest.mark.parametrize("profile", ["f64", "f32", "f16", "bf16"])
def test_gradients_of_another_type_are_refused_however_often_the_step_was_done(profile: str) -> None:
    pytest.importorskip("ml_dtypes")
    torch = pytest.importorskip("torch")
    kinds = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
    recipe = DIALECT.recipe(DIALECT.defaults, profile)
    constants = [DIALECT.scalars(DIALECT.defaults, 1, recipe)]
    for view in (lambda tensor: tensor, get_backend("array-api").to_host):
        p, g, m, u = (view(torch.ones(40, dtype=kinds[profile])) for _ in "pgmu")
        prepared = get_backend("numba").compile(recipe).prepare([p], [m], [u])
        for _ in range(2):
            prepared.run([g], constants)
        before = get_backend("array-api").to_host(p).tobytes()
        for other in kinds.values():
            wrong = view(torch.ones(40, dtype=other))
            if wrong.dtype != p.dtype:
                with pytest.raises(TypeError, match="gradient has dtype"):
                    prepared.run([wrong], constants)
        with pytest.raises(ValueError, match="gradient has shape"):
            prepared.run([g[:3]], constants)
        assert get_backend("array-api").to_host(p).tobytes() == before


def test_a_missing_numba_is_one_sentence_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adamax_ref_numba.backend.find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"needs the package numba.*pip install 'adamax-ref\[numba\]'"):
        get_backend("numba").compile(RECIPE)


PROGRAM = """
import sys
from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
backend, dialect = get_backend("numba"), get("torch")
assert "numba" not in sys.modules
recipe = dialect.recipe(dialect.defaults, "f32")
import numpy as np
p, g, m, u = np.ones((4, 3), np.float32)
backend.step(recipe, [p], [g], [m], [u], [dialect.scalars(dialect.defaults, 1, recipe)])
from adamax_ref_numba.cached import compiled
print(sum(compiled(recipe).stats.cache_hits.values()), p.tobytes().hex())
"""


def _process(cache: Path | str) -> list[str]:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_second_process_does_not_compile_again(tmp_path: Path) -> None:
    hits, bits = _process(tmp_path)
    assert hits == "0"
    assert _process(tmp_path) == ["1", bits]


def test_where_nothing_can_be_written_it_is_compiled_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    hits, bits = _process(file / "folder")
    assert [hits, bits] == _process(tmp_path / "folder")
    assert _process(file / "folder") == ["0", bits]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*", "ignore::pytest.PytestUnraisableExceptionWarning")  # JAX, if loaded, warns
def test_a_forked_child_computes_with_threads_of_its_own() -> None:
    lists = _lists([400_000])
    want = _run("numba", _copy(lists))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"equal" if _run("numba", lists) == want else b"different")
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 20) == b"equal"
    os.waitpid(child, 0)
    os.close(reader)


def test_threads_of_the_caller_do_not_disturb_each_other() -> None:
    many = [_lists([50_000, 7], seed) for seed in range(4)]
    want = [_run("numpy", _copy(lists)) for lists in many]
    got: dict[int, list[bytes]] = {}
    callers = [threading.Thread(target=lambda at=at: got.update({at: _run("numba", many[at])})) for at in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [got[at] for at in range(4)] == want


@pytest.mark.parametrize("late", [False, True])
def test_an_interrupt_leaves_a_step_whole_or_undone(late: bool, threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is interrupted before its share of the work, or after it; its helper may have begun or not."""
    from adamax_ref.backend.threads import share

    def disturbed(work: Any, count: int) -> None:
        def part() -> None:
            if late:
                work()
            signal.raise_signal(signal.SIGINT)  # Python delivers it to the main thread
            work()

        share(part, count)

    threads(2)
    monkeypatch.setattr("adamax_ref_numba.kernel.share", disturbed)
    lists = _lists([100_000] * 40)
    before, want = [a.tobytes() for row in (0, 2, 3) for a in lists[row]], _run("numpy", _copy(lists))
    ps, gs, ms, us = lists
    prepared = get_backend("numba").compile(RECIPE).prepare(ps, ms, us)
    with pytest.raises(KeyboardInterrupt):
        prepared.run(gs, [FIRST] * 40)
    assert prepared.progress == "all" or (prepared.progress == "none" and not late)
    assert [a.tobytes() for arrays in (ps, ms, us) for a in arrays] == (want if prepared.progress == "all" else before)


def test_where_no_thread_is_to_be_had_the_caller_does_it_all(threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(count: int) -> Any:
        raise RuntimeError("can't start new thread")

    threads(3)
    monkeypatch.setattr("adamax_ref.backend.threads._pool", refuse)
    lists = _lists([400_000])
    want = _run("numpy", _copy(lists))
    assert _run("numba", lists) == want


@pytest.mark.parametrize("kind", [list, tuple, deque])
def test_any_sequence_of_arrays_will_do(kind: Any) -> None:
    lists = _lists([5, 70])
    want = _run("numpy", _copy(lists))
    assert _run("numba", [kind(arrays) for arrays in lists]) == want


@pytest.mark.parametrize("short", range(5))
def test_lists_of_unequal_length_are_refused(short: int) -> None:
    lists: list[Any] = [*_lists([5, 70]), [FIRST, FIRST]]
    lists[short] = lists[short][:1]
    with pytest.raises(ValueError, match="must be equally long"):
        get_backend("numba").step(RECIPE, *lists)


def test_constants_that_differ_in_the_sign_of_zero_are_told_apart() -> None:
    constants = [tuple(math.copysign(0.0, sign) if name == "minus_rate" else value for name, value in NAMED) for sign in (1, -1)]
    lists = _lists([3, 3])
    for p in lists[0]:
        p[:] = -0.0
    want = _run("numpy", _copy(lists), constants)
    assert want[0] != want[1] or lists[2][0].tobytes() != lists[2][1].tobytes()
    assert _run("numba", lists, constants) == want


@pytest.mark.parametrize("at", [0, 2, 3])
def test_an_array_that_became_read_only_after_the_first_call_is_refused(at: int) -> None:
    lists = _lists([64, 64])
    _run("numba", lists)
    lists[at][1].flags.writeable = False
    before = [a.tobytes() for arrays in lists for a in arrays]
    with pytest.raises(ValueError, match="read-only"):
        _run("numba", lists)
    assert [a.tobytes() for arrays in lists for a in arrays] == before
    lists[at][1].flags.writeable = True
    want = _run("numpy", _copy(lists))
    assert _run("numba", lists) == want
