"""Threads that share work: everything is done once, and nobody is left behind."""

import threading
import time
from collections.abc import Iterator

import pytest

from adamax_ref.threads import limit_threads, num_threads, share, taken


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


def test_a_limit_goes_before_the_number_of_an_engine() -> None:
    limit_threads(2)
    assert num_threads(5) == num_threads() == 2
    limit_threads(None)
    assert num_threads(5) == 5
