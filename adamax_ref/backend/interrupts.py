"""A step is done whole or not at all: what interrupts it from the keyboard waits until it has ended.

Between the first element that has moved and the last counter that has been advanced there must be no way out. Python
raises KeyboardInterrupt in the main thread only, and between any two of its instructions; so its handler is replaced
for that time.
"""

import signal
import threading

# What stands behind signal.getsignal and signal.signal, without translation into enumerations: that takes as long as a step.
from _signal import getsignal as handler  # type: ignore[import-not-found]
from _signal import signal as install
from _thread import get_ident
from types import TracebackType
from typing import Any, final

_INTERRUPT = int(signal.SIGINT)


@final
class held_back:
    """Context in which an interrupt waits for the end.

    Parameters
    ----------
    insisting : bool
        Let a second interrupt through at once: for work that may wait for other machines, and writes
        only at the end.

    Examples
    --------
    >>> before = signal.signal(signal.SIGINT, lambda number, frame: print("interrupted"))
    >>> with held_back():
    ...     signal.raise_signal(signal.SIGINT)
    ...     print("done")
    done
    interrupted
    >>> _ = signal.signal(signal.SIGINT, before)
    """

    __slots__ = ("_before", "_held", "_insisting")

    def __init__(self, insisting: bool = False) -> None:
        self._insisting = insisting
        self._held: tuple[int, Any] | None = None
        self._before: Any = None

    def __enter__(self) -> None:
        # Anything else means ignored, fatal, or handled outside Python: nothing that could be held back.
        if get_ident() == threading.main_thread().ident and callable(handler(_INTERRUPT)):
            self._before = install(_INTERRUPT, self._hold)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            install(_INTERRUPT, self._before)
            if self._held is not None:
                self._before(*self._held)

    def _hold(self, number: int, frame: Any) -> None:
        if self._insisting and self._held is not None:
            self._before(number, frame)
        self._held = number, frame
