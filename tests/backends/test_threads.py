"""Threads that share work: everything is done once, and nobody is left behind."""

import threading
import time
from collections.abc import Iterator

import pytest

from adamax_ref.backend.threads import limit_threads, num_threads, share, taken


@pytest.fixture(autouse=True)
def _own_number() -> Iterator[None]:
    yield
    limit_threads(None)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_each_piece_is_done_once(threads: int) -> None:
    pieces, done = list(range(1000)), list[int]()
    share(lambda: done.extend(taken(pieces)), threads)
    assert sorted(done) == list(range(1000))


def test_all_that_have_begun_have_ended_when_it_returns() -> None:
    begun, ended = threading.Event(), []

    def work() -> None:
        if threading.current_thread() is threading.main_thread():
            begun.wait(10)
        else:
            begun.set()
            time.sleep(0.05)
            ended.append(True)

    share(work, 2)
    assert ended == [True]


@pytest.mark.parametrize("of_caller", [True, False])
def test_an_error_is_raised_when_all_have_ended(of_caller: bool) -> None:
    both, ended = threading.Barrier(2), []

    def work() -> None:
        both.wait(10)
        if of_caller == (threading.current_thread() is threading.main_thread()):
            raise OSError("this one")
        time.sleep(0.05)
        ended.append(True)

    with pytest.raises(OSError, match="this one"):
        share(work, 2)
    assert ended == [True]


def test_work_that_a_pool_could_not_submit_and_takes_up_later_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that can start no thread raises, and keeps what it was given for a thread that is still busy elsewhere."""
    started, ended = list[threading.Thread](), list[bool]()
    busy, free, taken_up = threading.Event(), threading.Event(), threading.Event()
    start = threading.Thread.start

    def scarce(thread: threading.Thread) -> None:
        if thread.name.startswith("adamax_ref"):
            if started:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    def other_work() -> None:
        if threading.current_thread() in started:
            busy.set()
            free.wait(10)

    def work() -> None:
        if threading.current_thread() in started:
            taken_up.set()
            time.sleep(0.05)
            ended.append(True)
        else:
            free.set()
            taken_up.wait(10)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    other = threading.Thread(target=lambda: share(other_work, 8))
    other.start()
    assert busy.wait(10)
    share(work, 8)
    assert ended == [True]
    other.join()


def test_a_limit_goes_before_the_number_of_an_engine() -> None:
    limit_threads(2)
    assert num_threads(5) == num_threads() == 2
    limit_threads(None)
    assert num_threads(5) == 5
