"""What goes wrong around a CUDA engine is told in one sentence with a remedy."""

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import BackendUnavailable, get_backend, why_unavailable
from adamax_ref.dialects import get
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda import assembler, driver
from adamax_ref_cuda.arrays import is_cuda_array, place_of, require_one_device, require_updatable

TORCH = get("torch")
F32 = TORCH.recipe(TORCH.defaults, "f32")


def fake_driver(status: int = 0, devices: int = 1, version: int = 13000) -> Any:
    """Return a driver library that answers so."""

    def write(value: int) -> Callable[[Any], int]:
        def answer(target: Any) -> int:
            ctypes.cast(target, ctypes.POINTER(ctypes.c_int))[0] = value
            return 0

        return answer

    return SimpleNamespace(cuInit=lambda flags: status, cuDeviceGetCount=write(devices), cuDriverGetVersion=write(version))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "there is no NVIDIA driver on this machine .*; install the driver"),
        (fake_driver(status=100), "the NVIDIA driver finds no CUDA device; attach one, or unhide it"),
        (fake_driver(devices=0), "the NVIDIA driver finds no CUDA device"),
        (fake_driver(status=999), r"the NVIDIA driver does not start \(CUDA error 999\); `nvidia-smi` tells more"),
        (
            fake_driver(version=12040),
            r"the NVIDIA driver supports CUDA 12\.4, but CuPy needs CUDA 13; update the driver, or install",
        ),
    ],
)
def test_each_fault_of_the_machine_has_its_sentence(found: Any, words: str) -> None:
    with pytest.raises(BackendUnavailable, match=words) as caught:
        driver.require_device(13000, "CuPy", lambda: found)
    assert "\n" not in str(caught.value)


def test_a_driver_of_the_same_major_version_will_do() -> None:
    driver.require_device(13050, "CuPy", lambda: fake_driver(version=13000))


@pytest.mark.parametrize("name", ["cupy", "numba-cuda"])
def test_an_engine_that_cannot_run_says_why_in_one_sentence(name: str) -> None:
    reason = why_unavailable(name)
    if reason is None:
        pytest.skip(f"{name} can run here")
    assert "\n" not in reason and ";" in reason and len(reason) < 300
    for attempt in (lambda: get_backend(name).compile(F32), lambda: get_backend(name).from_host(np.zeros(3))):
        with pytest.raises(BackendUnavailable) as caught:
            attempt()
        assert str(caught.value) == reason


def test_without_any_cuda_package_everything_imports_and_says_so() -> None:
    program = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("cupy", "cupy_backends", "numba_cuda", "cuda"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import adamax_ref_cupy, adamax_ref_numba_cuda, adamax_ref_cuda.graph, adamax_ref_cuda.kernel
from adamax_ref.backend import why_unavailable
print(why_unavailable("cupy"))
print(why_unavailable("numba-cuda"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cupy, numba = done.stdout.splitlines()
    assert cupy.startswith("CuPy is not installed") and "adamax-ref[cupy-cuda13]" in cupy
    assert numba.startswith("numba-cuda is not installed") and "adamax-ref[numba-cuda]" in numba


def test_a_full_device_is_named_with_what_did_not_fit() -> None:
    assert "no memory for 1024 bytes of state; free arrays" in str(driver.no_room("state", 1024))


def test_a_missing_assembler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "cuda.pathfinder", None)
    with pytest.raises(BackendUnavailable, match="ptxas, the assembler of PTX, was not found; pip install nvidia-cuda-nvcc"):
        assembler.find_ptxas()


def test_an_unknown_machine_names_the_known_ones(nvrtc: Any) -> None:
    with pytest.raises(BackendUnavailable, match=r"NVRTC .* cannot compile for sm_30, only for sm_\d+ to sm_\d+; install"):
        nvrtc("", "sm_30", "ptx")


def on_device(array: Any, number: int) -> Any:
    array.device = SimpleNamespace(id=number)
    return array


def test_arrays_on_two_devices_are_refused_before_anything_moves(host_backend: Any, lent: Any) -> None:
    arrays = [on_device(lent(np.ones(4, np.float32)), number) for number in (0, 0, 1, 0)]
    with pytest.raises(ValueError, match=r"lie on CUDA devices \[0, 1\]; use one optimizer for each device"):
        host_backend.step(F32, *([array] for array in arrays), [(0.5,) * 4])
    assert all((array.host == 1).all() for array in arrays) and host_backend.host_launcher.launches == 0
    require_one_device(arrays[:2])


def test_a_read_only_array_is_refused(lent: Any) -> None:
    frozen = np.zeros(3, np.float32)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match=r"read-only CUDA array of shape \(3,\); pass a writable copy"):
        require_updatable(lent(frozen))


def test_an_array_that_overlaps_itself_is_refused(lent: Any) -> None:
    with pytest.raises(ValueError, match=r"elements overlap in memory .*; pass a copy"):
        require_updatable(lent(np.lib.stride_tricks.as_strided(np.zeros(3, np.float32), shape=(5,), strides=(0,), writeable=True)))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda m: m.astype(np.float64), TypeError, "exp_avg has dtype float64, but this kernel stores float32; convert it"),
        (lambda m: m[:3], ValueError, r"exp_avg has shape \(3,\), its parameter \(4,\); they must be equal"),
        (lambda m: np.zeros(17, np.uint8)[1:].view(np.float32), ValueError, "exp_avg does not lie on multiples of its 4 bytes"),
    ],
)
def test_buffers_that_do_not_fit_are_refused(host_backend: Any, lent: Any, change: Any, error: type, words: str) -> None:
    arrays = [np.ones(4, np.float32) for _ in range(4)]
    arrays[2] = change(arrays[2])
    with pytest.raises(error, match=words):
        host_backend.step(F32, *([lent(array)] for array in arrays), [(0.5,) * 4])
    assert host_backend.host_launcher.launches == 0


def test_compiled_kernels_are_kept_and_an_unwritable_folder_is_named(
    nvrtc: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adamax_ref_cupy import compiler
    from adamax_ref_cupy.source import PROLOGUE, kernel_source

    source = PROLOGUE + kernel_source(F32)
    monkeypatch.setenv("ADAMAX_REF_CACHE", str(tmp_path))
    file = compiler.cubin_file(source, "sm_90")
    assert file.read_bytes()[:4] == b"\x7fELF" and file.is_relative_to(tmp_path)
    monkeypatch.setattr(compiler, "compile_source", lambda *given: pytest.fail("compiled twice"))
    assert compiler.cubin_file(source, "sm_90") == file
    monkeypatch.undo()
    (tmp_path / "file").touch()
    monkeypatch.setenv("ADAMAX_REF_CACHE", str(tmp_path / "file"))
    with pytest.raises(BackendUnavailable, match=r"cannot be kept in .*; set ADAMAX_REF_CACHE to a writable folder"):
        compiler.cubin_file(source, "sm_90")
    assert sorted(tmp_path.joinpath("cubin").iterdir()) == [file]


def test_arrays_of_cupy_are_described_without_a_device(peer: Callable[[str], Any]) -> None:
    cupy = peer("cupy")
    host = np.zeros(64, np.float32)
    memory = cupy.cuda.MemoryPointer(cupy.cuda.UnownedMemory(host.ctypes.data, host.nbytes, host, 0), 0)
    array = cupy.ndarray((4, 8), np.float32, memptr=memory)
    assert is_cuda_array(array) and get_backend("cupy").owns(array)
    assert place_of(array.T[::-1])[:3] == (host.ctypes.data + 28, (8, 4), (-4, 32))
    whole = cupy.ndarray((4,), np.complex64, memptr=memory)
    real, imaginary = get_backend("cupy").split(whole)
    assert place_of(imaginary)[0] - place_of(real)[0] == 4 and place_of(real)[2] == (8,)


def test_torch_tensors_on_the_cpu_are_nobody_elses(peer: Callable[[str], Any]) -> None:
    torch = peer("torch")
    assert not is_cuda_array(torch.zeros(3))
    assert not get_backend("cupy").owns(torch.zeros(3)) and not get_backend("numba-cuda").owns(torch.zeros(3))


def test_numba_takes_what_says_it_lies_on_a_device(lent: Any) -> None:
    assert get_backend("numba-cuda").owns(lent(np.zeros(3))) and not get_backend("numba-cuda").owns(lent(np.zeros(3, int)))


def test_recipes_of_unknown_formats_have_no_kernel() -> None:
    from adamax_ref_cupy.source import kernel_source

    with pytest.raises(KeyError):
        kernel_source(Recipe((), (), (0, 2, 3), "binary128", "binary128"))
