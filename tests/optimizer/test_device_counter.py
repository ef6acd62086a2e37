"""Counters on a device: the host knows them from the first reading on, and no step waits to read one."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref.optimizer import counting
from adamax_ref.optimizer.types import ParamState

Peer = Callable[[str], ModuleType]
SCRIPT = Path(__file__).with_name("simulated_counter.py")


class DeviceCounter:
    """A counter on a device that does not exist; it takes note of every reading."""

    __cuda_ndarray__ = True
    shape: tuple[int, ...] = ()

    def __init__(self, value: int, dtype: str = "float32") -> None:
        self.value, self.dtype, self.reads = value, dtype, 0

    def item(self) -> float:
        """Read, as the host does."""
        self.reads += 1
        return float(self.value)

    def __iadd__(self, other: int) -> "DeviceCounter":
        self.value = int(np.float32(self.value + other))
        return self


def _added(step: Any, number: int) -> Any:
    step += 1
    return step


def test_a_counter_on_a_device_is_read_once_however_often_it_advances() -> None:
    step = DeviceCounter(4)
    memory: ParamState = {"step": step, "exp_avg": None, "exp_inf": None}
    for t in range(5, 10):
        assert counting.next_step(step) == t
        counting.advance(memory, _added)
    assert memory["step"] is step
    assert (step.value, step.reads) == (9, 1)


def test_a_new_object_is_read_again_and_a_noted_one_never() -> None:
    first, second = DeviceCounter(3), DeviceCounter(7)
    counting.note(first, 3)
    assert [counting.steps_taken(first), counting.steps_taken(second)] == [3, 7]
    assert [first.reads, second.reads] == [0, 1]


def test_a_change_in_place_that_the_host_did_not_make_is_not_seen() -> None:
    step = DeviceCounter(3)
    assert counting.steps_taken(step) == 3
    step.value = 100
    assert counting.steps_taken(step) == 3


def test_a_counter_in_host_memory_stays_the_truth() -> None:
    step = np.zeros((), dtype=np.float32)
    memory: ParamState = {"step": step, "exp_avg": None, "exp_inf": None}
    counting.advance(memory, _added)
    step[()] = 41
    assert counting.next_step(step) == 42


def test_the_host_s_count_stands_still_where_the_device_s_does() -> None:
    step = DeviceCounter(2**24)
    memory: ParamState = {"step": step, "exp_avg": None, "exp_inf": None}
    for _ in range(3):
        counting.advance(memory, _added)
    assert counting.steps_taken(step) == step.value == 2**24


def test_nothing_is_kept_of_a_counter_that_is_gone() -> None:
    step = DeviceCounter(3)
    counting.steps_taken(step)
    key = id(step)
    assert key in counting._KNOWN
    del step
    gc.collect()
    assert key not in counting._KNOWN


def test_a_device_counter_that_is_no_whole_number_is_refused_and_not_kept() -> None:
    step = DeviceCounter(0)
    step.value = 2.5  # type: ignore[assignment]
    for _ in range(2):
        with pytest.raises(ValueError, match="step must be a whole number"):
            counting.steps_taken(step)


@pytest.mark.frameworks
def test_capturable_steps_on_numba_cuda_arrays_read_nothing_from_the_device(peer: Peer) -> None:
    """Under Numba's simulator, in a process of its own: reads while stepping, after an exchange, a load, a capture."""
    peer("numba_cuda")
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["made here"] == 0
    assert found["replaced"] == [1, 0]  # the new counter is read once
    assert found["loaded"] == 0
    assert [found["count"], found["count after"], found["count loaded"]] == [4, 12, 16]
    assert found["captured"] == [0, 2, 3, 4]  # each prepared replay counts once, and nothing is read
    assert found["bits"]
