"""Signals whose handlers raise, at any instruction of a step: it is whole, or undone, or the optimizer refuses to go on."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import get_backend, why_unavailable
from adamax_ref.optimizer.prepared import BrokenStep

ENGINE = None  # each test names its engine


class Alarm(Exception):
    """What a signal handler of a user raises."""


@contextmanager
def _raising_at(line: int) -> Iterator[list[int]]:
    """Raise at the given line that runs in this package, counted from the beginning of the block."""
    seen = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if "adamax_ref" not in frame.f_code.co_filename or "test_" in frame.f_code.co_filename:
            return None
        if event == "line":
            seen[0] += 1
            if seen[0] == line:
                raise Alarm
        return trace

    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(None)
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_grad_enabled(True)  # an exception between two instructions can skip the end of a ``with`` block


def _made(engine: str, dtypes: str) -> tuple[Adamax, list[Parameter]]:
    params = [Parameter(np.linspace(-1, 1, 33).astype(kind)) for kind in dtypes.split()]
    for param in params:
        param.grad = np.full(33, 0.5, param.data.dtype)
    return Adamax(params, lr=0.1, weight_decay=0.1, backend=engine), params


def _bits(optimizer: Adamax, params: list[Parameter]) -> list[Any]:
    states: list[Any] = [optimizer.state.get(param, {}) for param in params]
    return [
        [param.data.tobytes(), state.get("step", 0), *(np.asarray(state.get(name, 0 * param.data)).tobytes() for name in NAMES)]
        for param, state in zip(params, states, strict=True)
    ]


NAMES = ("exp_avg", "exp_inf")


@pytest.mark.parametrize(
    ("engine", "steps", "dtypes"),
    [("numba", 0, "f4 f8"), ("numba", 3, "f4"), ("numba", 3, "f4 f8"), ("numpy", 3, "f4 f8"), ("array-api", 3, "f4")],
)
def test_an_exception_at_any_line_leaves_a_step_whole_or_undone_or_refused(engine: str, steps: int, dtypes: str) -> None:
    if (reason := why_unavailable(engine)) is not None:
        pytest.skip(reason)
    get_backend(engine)
    plain = _made(engine, dtypes)
    for _ in range(steps):
        plain[0].step()
    before = _bits(*plain)
    plain[0].step()
    after = _bits(*plain)
    outcomes: set[str] = set()
    beyond = 0
    for line in count(1):
        optimizer, params = _made(engine, dtypes)
        for _ in range(steps):
            optimizer.step()
        try:
            with _raising_at(line) as seen:
                optimizer.step()
        except Alarm:
            found = _bits(optimizer, params)
            if optimizer.fault is not None:
                outcomes.add("refused")
                with pytest.raises(BrokenStep, match="Alarm"):
                    optimizer.step()
            else:
                outcomes.add("undone" if found == before else "whole")
                assert found in (before, after)
                optimizer.step()
                assert found == after or _bits(optimizer, params) == after
        beyond = beyond + 1 if seen[0] < line else 0  # an interrupted step may cost the next one some lines more
        if beyond == 30:
            break
    assert {"undone", "whole"} <= outcomes
    assert engine != "numba" or "refused" not in outcomes  # its prepared steps know how far they are


def test_a_signal_of_the_user_is_not_taken_away() -> None:
    optimizer, _ = _made("numpy", "f4")
    before = signal.getsignal(signal.SIGINT)
    for _ in range(2):
        optimizer.step()
    assert signal.getsignal(signal.SIGINT) is before
