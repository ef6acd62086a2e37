"""CUDA C to machine code through NVRTC, with our own options, cached on disk.

CuPy's own compilation would append ``-ftz=true`` behind whatever the caller asks for, and the last option wins: every
subnormal number would become zero. So NVRTC is called here, and CuPy is given the finished code.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from adamax_ref.backend import BackendUnavailable
from adamax_ref_cuda.driver import first_line

OPTIONS = ("--std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
"""No contraction, no flushing, IEEE division; the intrinsics in the source ask for the same a second time."""

REMEDY = "pip install 'adamax-ref[cupy-cuda13]' (or cupy-cuda12, to fit the driver)"


@cache
def _nvrtc() -> Any:
    """Import the bindings and load NVRTC."""
    try:
        from cuda.bindings import nvrtc
    except ImportError as error:
        raise BackendUnavailable(f"the bindings of NVRTC, NVIDIA's compiler, are not installed ({error}); {REMEDY}") from error
    try:
        _checked(nvrtc, nvrtc.nvrtcVersion())
    except RuntimeError as error:
        raise BackendUnavailable(f"NVRTC, NVIDIA's compiler, cannot be loaded ({first_line(error)}); {REMEDY}") from error
    return nvrtc


def _checked(nvrtc: Any, answer: tuple[Any, ...]) -> Any:
    """Return what NVRTC gave, or raise what it complains of."""
    status, *results = answer
    if status != nvrtc.nvrtcResult.NVRTC_SUCCESS:
        raise RuntimeError(f"NVRTC: {status.name}")
    return results[0] if len(results) == 1 else tuple(results)


def nvrtc_version() -> tuple[int, int]:
    """Return the version of NVRTC, such as ``(13, 0)``.

    Raises
    ------
    BackendUnavailable
        When it is not installed or cannot be loaded.
    """
    nvrtc = _nvrtc()
    major, minor = _checked(nvrtc, nvrtc.nvrtcVersion())
    return int(major), int(minor)


def compile_source(source: str, arch: str, form: Literal["ptx", "cubin"], options: Sequence[str] = OPTIONS) -> bytes:
    """Compile CUDA C; needs no GPU.

    Parameters
    ----------
    source : str
        :data:`adamax_ref_cupy.source.PROLOGUE` and kernels.
    arch : str
        ``"sm_90"`` and the like.
    form : {"ptx", "cubin"}
        What to return.
    options : sequence of str
        Beside the architecture; the audit's own tests pass harmful ones.

    Raises
    ------
    BackendUnavailable
        When NVRTC is missing, or does not know the architecture.
    ValueError
        When the source does not compile; the message holds the compiler's log.
    """
    nvrtc = _nvrtc()
    _require_known(nvrtc, arch)
    program = _checked(nvrtc, nvrtc.nvrtcCreateProgram(source.encode(), b"adamax_ref.cu", 0, [], []))
    try:
        flags = [option.encode() for option in (f"--gpu-architecture={arch}", *options)]
        (status,) = nvrtc.nvrtcCompileProgram(program, len(flags), flags)
        if status != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            log = _read(nvrtc, program, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog)
            raise ValueError(f"NVRTC refused the kernel for {arch}:\n{log.decode(errors='replace')}")
        size, get = (nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX) if form == "ptx" else (nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN)
        code = _read(nvrtc, program, size, get)
    finally:
        nvrtc.nvrtcDestroyProgram(program)
    return code.rstrip(b"\0") if form == "ptx" else code


def _read(nvrtc: Any, program: Any, size: Any, get: Any) -> bytes:
    text = b" " * int(_checked(nvrtc, size(program)))
    get(program, text)
    return text


def _require_known(nvrtc: Any, arch: str) -> None:
    known = [f"sm_{number}" for number in _checked(nvrtc, nvrtc.nvrtcGetSupportedArchs())]
    if arch not in known:
        major, minor = nvrtc_version()
        raise BackendUnavailable(
            f"NVRTC {major}.{minor} cannot compile for {arch}, only for {known[0]} to {known[-1]}; "
            "install the extra of another CUDA version (cupy-cuda12 or cupy-cuda13)"
        )


def cache_folder() -> Path:
    """Return the folder of compiled kernels: ``ADAMAX_REF_CACHE``, else a folder in the user's cache."""
    chosen = os.environ.get("ADAMAX_REF_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(chosen) if chosen else base / "adamax_ref"


def cubin_file(source: str, arch: str) -> Path:
    """Return a file with the machine code of a source, compiling it when no earlier process has.

    The name is a digest of the source, the architecture, the options and the compiler's version, so a file that is
    there is right. It is written under another name and then moved, so a file that is there is whole.

    Raises
    ------
    BackendUnavailable
        As :func:`compile_source`, and when the folder cannot be written to.
    """
    key = repr((source, arch, OPTIONS, nvrtc_version())).encode()
    target = cache_folder() / "cubin" / f"{hashlib.sha256(key).hexdigest()[:32]}.cubin"
    if not target.is_file():
        code = compile_source(source, arch, "cubin")
        try:
            _write(target, code)
        except OSError as error:
            raise BackendUnavailable(
                f"compiled kernels cannot be kept in {target.parent} ({error.strerror}); set ADAMAX_REF_CACHE to a writable folder"
            ) from error
    return target


def _write(target: Path, code: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(code)
    os.replace(name, target)
