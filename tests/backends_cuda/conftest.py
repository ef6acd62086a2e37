"""The CUDA kernels on a machine without a device: compiled by a C++ compiler, launched in host memory.

A :class:`HostLauncher` stands where CuPy's launcher stands, so everything above it (tables, constants, recordings, the
engine, the optimizer) is the code that runs on a device.
"""

import ctypes
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, final

import numpy as np
import pytest

from adamax_ref.backend import BackendUnavailable
from adamax_ref.backend import registry as discovery
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.engine import CudaBackend
from adamax_ref_cuda.geometry import THREADS
from adamax_ref_cuda.launcher import HostArray, Launcher
from adamax_ref_cupy.source import PROLOGUE, kernel_name, kernel_source

FLAGS = ("-O1", "-march=native", "-std=c++17", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden")
"""Compiled for this machine, so that it has a fused multiply-add to contract to if it were allowed."""

Compile = Callable[[str], ctypes.CDLL]


@pytest.fixture(scope="session")
def compile_host(tmp_path_factory: pytest.TempPathFactory, tool: Callable[..., str]) -> Compile:
    """Return a function that compiles CUDA C for the CPU, behind the shim."""
    compiler = tool("c++", "g++", "clang++")

    def compile_source(source: str) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("host")
        file, library = folder / "kernels.cpp", folder / "kernels.so"
        file.write_text(f'#include "{Path(__file__).with_name("shim.h")}"\n{PROLOGUE}{source}', encoding="utf-8")
        subprocess.run([compiler, *FLAGS, str(file), "-o", str(library)], check=True, capture_output=True)
        return ctypes.CDLL(str(library))

    return compile_source


@final
class HostLauncher(Launcher):
    """Launches kernels that were compiled for the CPU; everything has happened when a call returns.

    Attributes
    ----------
    capturing : bool
        Whether a stream is being captured; a launch is then kept in `graph` instead of being done.
    launches : int
        How many kernels were launched.
    """

    def __init__(self, library_of: Callable[[Recipe], ctypes.CDLL]) -> None:
        self.library_of = library_of
        self.capturing = False
        self.graph: list[Callable[[], None]] = []
        self.launches = 0
        self.slow_copies = False

    @contextmanager
    def on(self, device: int | None, stream: int) -> Iterator[int]:
        """Change nothing."""
        yield stream

    def upload(self, host: HostArray, stream: int) -> Any:
        """Refuse inside a capture, as a device does; copy otherwise."""
        assert not self.capturing
        return Lent(host.copy())

    def locked(self, like: HostArray) -> HostArray:
        """Return ordinary memory."""
        return np.empty_like(like)

    def refresh(self, target: Any, locked: HostArray, stream: int) -> Any:
        """Copy."""
        assert not self.capturing
        target.host[...] = locked
        return self.mark(stream)

    def mark(self, stream: int) -> Any:
        """Return an event that passes at once, or never."""
        return not self.slow_copies

    def has_passed(self, event: Any) -> bool:
        """Tell what the event says."""
        return bool(event)

    def wait(self, event: Any, stream: int) -> None:
        """Nothing is under way."""

    def is_capturing(self, stream: int) -> bool:
        """Tell what the test says."""
        return self.capturing

    def launch(self, recipe: Recipe, blocks: int, addresses: Sequence[int], stream: int) -> None:
        """Run all threads of all blocks, now or when the graph is replayed."""
        library = self.library_of(recipe)
        kernel = getattr(library, kernel_name(recipe))
        arguments = [ctypes.c_void_p(address) for address in addresses]

        def run() -> None:
            self.launches += 1
            library.adamax_launch(kernel, blocks, THREADS, *arguments)

        if self.capturing:
            self.graph.append(run)
        else:
            run()


@final
class Lent:
    """Host memory that says it lies on a device."""

    def __init__(self, host: HostArray) -> None:
        self.host = host
        self.shape, self.dtype = host.shape, host.dtype
        self.device: Any = None

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """The same memory, by the other name."""
        return dict(self.host.__array_interface__) | {"strides": self.host.strides}


@final
class HostBackend(CudaBackend):
    """The CUDA engine over a launcher for the host."""

    name = "cuda-on-host"

    def __init__(self, library_of: Callable[[Recipe], ctypes.CDLL]) -> None:
        super().__init__()
        self.host_launcher = HostLauncher(library_of)

    def ask(self) -> None:
        """Every machine will do."""

    def new_launcher(self) -> Launcher:
        """Return the host's."""
        return self.host_launcher

    def supports_bfloat16(self) -> bool:
        """Yes: the shim does it."""
        return True

    def own_from_host(self, value: HostArray) -> Any:
        """Lend a copy."""
        return Lent(value.copy(order="K"))

    def own_to_host(self, array: Any) -> HostArray:
        """Return a copy."""
        copied: HostArray = array.host.copy()
        return copied

    def own_zeros_like(self, array: Any) -> Any:
        """Lend zeros."""
        return Lent(np.zeros_like(array.host))


@pytest.fixture(scope="session")
def each_kernel(compile_host: Compile) -> Callable[[Recipe], ctypes.CDLL]:
    """Compile a recipe for the CPU when it is first needed."""
    return cache(lambda recipe: compile_host(kernel_source(recipe)))


@pytest.fixture(scope="session")
def all_kernels(compile_host: Compile) -> ctypes.CDLL:
    """Every recipe of every dialect, compiled for the CPU."""
    return compile_host("".join(map(kernel_source, every_recipe())))


@final
@dataclass(frozen=True)
class Point:
    """An entry point for the length of a test."""

    name: str
    backend: CudaBackend

    def load(self) -> CudaBackend:
        """Return the engine."""
        return self.backend


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Any]]:
    """Make an engine known to the optimizer by its name."""

    def make_known(backend: Any) -> Any:
        registered = discovery._registered()
        monkeypatch.setattr(discovery, "_registered", lambda: (*registered, Point(backend.name, backend)))
        return backend

    def forget() -> None:
        for remembered in (discovery.backend_names, discovery.get_backend, discovery._by_priority):
            remembered.cache_clear()

    forget()
    yield make_known
    forget()


@pytest.fixture
def host_backend(each_kernel: Callable[[Recipe], ctypes.CDLL], known: Callable[[HostBackend], HostBackend]) -> HostBackend:
    """Return the CUDA engine on host memory; a kernel is compiled when it is needed."""
    return known(HostBackend(each_kernel))


@pytest.fixture
def full_backend(all_kernels: ctypes.CDLL, known: Callable[[HostBackend], HostBackend]) -> HostBackend:
    """Return the same with every kernel compiled at once."""
    return known(HostBackend(lambda recipe: all_kernels))


@pytest.fixture
def host_engine() -> type[HostBackend]:
    """Return the class, to be made with a library of its own."""
    return HostBackend


@pytest.fixture
def lent() -> type[Lent]:
    """Return the class of host memory that says it lies on a device."""
    return Lent


@pytest.fixture
def ptxas(missing: Callable[[str], NoReturn], tool: Callable[..., str]) -> str:
    """Return the assembler, or skip with a reason; in CI, fail."""
    from adamax_ref_cuda.assembler import find_ptxas

    try:
        return tool(find_ptxas())
    except BackendUnavailable as error:
        missing(str(error))


@pytest.fixture(scope="session")
def nvrtc(missing: Callable[[str], NoReturn]) -> Any:
    """Return the function that compiles CUDA C for a device, or skip with a reason; in CI, fail."""
    from adamax_ref_cupy.compiler import compile_source, nvrtc_version

    try:
        nvrtc_version()
    except BackendUnavailable as error:
        missing(str(error))
    return compile_source


STORED: dict[str, str] = {"binary64": "f8", "binary32": "f4", "binary16": "f2"}


@pytest.fixture(scope="session")
def dtype_of() -> Callable[[Recipe], np.dtype[Any]]:
    """Return the dtype that a recipe stores."""

    def dtype(recipe: Recipe) -> np.dtype[Any]:
        if recipe.storage == "bfloat16":
            import ml_dtypes

            found: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
            return found
        return np.dtype(STORED[recipe.storage])

    return dtype


@pytest.fixture(scope="session")
def same() -> Callable[[HostArray, HostArray], bool]:
    """Compare bit for bit, NaN by class."""

    def compare(got: HostArray, want: HostArray) -> bool:
        bits = f"u{got.dtype.itemsize}"
        unlike = got.view(bits) != want.view(bits)
        return bool((np.isnan(got[unlike]) & np.isnan(want[unlike])).all())

    return compare


@pytest.fixture(scope="session")
def every_kernel(pytestconfig: pytest.Config) -> bool:
    """Whether every kernel is compiled and executed, as in CI, or a sample."""
    return bool(pytestconfig.getoption("--every-kernel"))


@pytest.fixture
def counted(tell: Callable[[str], None]) -> Callable[..., None]:
    """Tell what was executed, and hold the row of docs/cuda.md against it when it was written with the same compilers."""
    from tests.backends_cuda.ptx.compiled import versions

    page = (Path(__file__).parents[2] / "docs" / "cuda.md").read_text(encoding="utf-8")

    def check(engine: str, what: str, machines: str, count: Any) -> None:
        row = count.row(engine, what, machines)
        tell(f"executed PTX: {row}")
        if versions() in page:
            assert row in page, f"docs/cuda.md has another row; write\n{row}"

    return check
