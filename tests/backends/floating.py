"""The switches of this thread's processor that make zeros of subnormal numbers, for tests of who notices."""

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FTZ, DAZ = 0x8000, 0x0040
"""Bits of MXCSR: results become zero; operands count as zero (Intel 64 and IA-32 Architectures manual 1, section 10.2.3)."""

HERE = sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
WHY_NOT = "sets a register of x86-64 through glibc's fesetenv"

_PLACE = 28  # of the field __mxcsr in glibc's fenv_t for x86-64 (bits/fenv.h)


def switch(bits: int) -> None:
    """Flush in this thread from now on as `bits` says; 0 keeps subnormal numbers."""
    library = ctypes.CDLL("libm.so.6")
    environment = (ctypes.c_uint8 * 32)()
    library.fegetenv(environment)
    register = ctypes.c_uint32.from_buffer(environment, _PLACE)
    register.value = register.value & ~(FTZ | DAZ) | bits
    library.fesetenv(environment)


@contextmanager
def flushing(bits: int = FTZ | DAZ) -> Iterator[None]:
    """Flush in this thread for a while."""
    switch(bits)
    try:
        yield
    finally:
        switch(0)
