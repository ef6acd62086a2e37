"""What interrupts a step from the keyboard waits for its end."""

import signal
import threading
from collections.abc import Iterator

import pytest

from adamax_ref.backend.interrupts import held_back


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_raised_at_the_end_and_only_once() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), held_back(), held_back():
        for at in range(3):
            signal.raise_signal(signal.SIGINT)
            done.append(at)
    assert done == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_insists_is_heard() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), held_back(insisting=True):
        for at in range(3):
            signal.raise_signal(signal.SIGINT)
            done.append(at)
    assert done == [0]


def test_an_error_inside_is_not_hidden_by_one_that_waited() -> None:
    with pytest.raises(KeyboardInterrupt) as raised, held_back():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("the other")
    assert isinstance(raised.value.__context__, ValueError)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_of_other_kinds_stay_what_they_are() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with held_back():
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    with held_back():
        signal.raise_signal(signal.SIGINT)
        assert not heard
    assert heard == [signal.SIGINT]


def test_other_threads_are_left_alone() -> None:
    def enter() -> None:
        with held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    seen: list[object] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
