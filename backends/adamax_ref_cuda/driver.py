"""State of the CUDA driver, asked of the driver itself, so that each fault gets its sentence and its remedy.

Libraries report a missing driver, a driver too old and a machine without a device in much the same words. The driver
library answers all three exactly and is present wherever a device can be used; it is reached through ctypes.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from adamax_ref.backend import BackendUnavailable

NO_DEVICE = 100
"""``CUDA_ERROR_NO_DEVICE`` of the driver interface (cuda.h)."""

NAMES = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")


def _open() -> ctypes.CDLL | None:
    """Load the driver library, or return None."""
    for name in NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def require_device(needed: int, package: str, open_driver: Callable[[], ctypes.CDLL | None] = _open) -> None:
    """Refuse, in one sentence, a machine on which nothing could be launched.

    Parameters
    ----------
    needed : int
        CUDA version that the engine's libraries were built for, as CUDA counts: 12080 is 12.8. Within one major
        version a newer library runs on an older driver.
    package : str
        Name of those libraries, for the message.
    open_driver : callable
        Returns the driver library or None; replaced by tests.

    Raises
    ------
    BackendUnavailable
        When there is no driver, no device, or a driver of an older major version.
    """
    driver = open_driver()
    if driver is None:
        raise BackendUnavailable("there is no NVIDIA driver on this machine (libcuda was not found); install the driver of the GPU")
    status = driver.cuInit(0)
    count = ctypes.c_int(0)
    if status == 0:
        driver.cuDeviceGetCount(ctypes.byref(count))
    if status == NO_DEVICE or (status == 0 and count.value == 0):
        raise BackendUnavailable("the NVIDIA driver finds no CUDA device; attach one, or unhide it through CUDA_VISIBLE_DEVICES")
    if status != 0:
        raise BackendUnavailable(f"the NVIDIA driver does not start (CUDA error {status}); `nvidia-smi` tells more")
    version = ctypes.c_int(0)
    driver.cuDriverGetVersion(ctypes.byref(version))
    if version.value // 1000 < needed // 1000:
        raise BackendUnavailable(
            f"the NVIDIA driver supports CUDA {_text(version.value)}, but {package} needs CUDA {needed // 1000}; "
            f"update the driver, or install {package} for CUDA {version.value // 1000}"
        )


def is_capturing(stream: int) -> bool:
    """Return whether what a stream is given goes into a graph; the default stream (0) cannot be captured."""
    if not stream:
        return False
    status = ctypes.c_int(0)
    _loaded().cuStreamIsCapturing(ctypes.c_void_p(stream), ctypes.byref(status))
    return status.value != 0


@cache
def _loaded() -> Any:
    return _open()


def no_room(what: str, size: int) -> MemoryError:
    """Return the error that says that a device's memory is full.

    Examples
    --------
    >>> str(no_room("tables", 64))
    'the CUDA device has no memory for 64 bytes of tables; free arrays there, or the memory that another process holds'
    """
    return MemoryError(
        f"the CUDA device has no memory for {size} bytes of {what}; free arrays there, or the memory that another process holds"
    )


def first_line(error: Exception) -> str:
    """Return what an exception says, as far as it fits into a sentence.

    Examples
    --------
    >>> first_line(OSError()), first_line(OSError("no file"))
    ('OSError', 'no file')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _text(version: int) -> str:
    """Write a CUDA version as people do.

    Examples
    --------
    >>> _text(12080)
    '12.8'
    """
    return f"{version // 1000}.{version % 1000 // 10}"
