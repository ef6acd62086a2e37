"""The package as a thing to install: what an import brings in, how long it takes, what the wheel holds."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numba", "jinja2", "cupy", "torch", "jax", "dask", "click", "typer", "rich", "jsonschema", "scipy", "flint")
REPORT = "import sys; {first}; import adamax_ref; print(*[name for name in {heavy!r} if name in sys.modules])"


def loaded(first: str = "pass") -> list[str]:
    program = REPORT.format(first=first, heavy=HEAVY)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_package_brings_in_no_heavy_library() -> None:
    assert loaded() == []


def test_the_check_for_heavy_libraries_can_fail() -> None:
    assert loaded("import rich, click") == ["click", "rich"]


def test_importing_loads_few_files_beyond_numpy_and_none_of_another_library() -> None:
    """A count and no time: a busy machine does not decide."""
    program = "import sys, numpy; before = {*sys.modules}; import adamax_ref; print(*{*sys.modules} - before)"
    new = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    ours = [name for name in new if name.partition(".")[0] == "adamax_ref"]
    assert {name.partition(".")[0] for name in new} - {"adamax_ref"} <= sys.stdlib_module_names
    assert 0 < len(ours) < len(new) <= 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_exactly_its_import_names(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name}
    engines = {f"adamax_ref_{name}" for name in ("numpy", "numba", "array_api", "dask", "cuda", "cupy", "numba_cuda")}
    assert top == {"adamax_ref", "adamax_ref_pytest", *engines}


def test_the_wheel_holds_types_schemas_and_the_core_corpus(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert sum(name.endswith("/py.typed") for name in names) == 9
    assert any(name.startswith("adamax_ref/vectors/core/torch/f32/") for name in names)
    assert "adamax_ref/vectors/MANIFEST.json" in names
    assert any(name.endswith("vectors.schema.json") for name in names)
    assert any(name.endswith("page/templates/page.html") for name in names)


def test_the_wheel_holds_the_adapters_of_every_language(wheel: zipfile.ZipFile) -> None:
    sources = [path for path in (ROOT / "adamax_ref" / "adapters").rglob("*.*") if "__pycache__" not in path.parts]
    assert {"adapter.c", "skeleton.rs", "hyper.mjs"} <= {path.name for path in sources}
    assert {path.relative_to(ROOT).as_posix() for path in sources} <= {*wheel.namelist()}


def test_the_engines_and_the_command_are_registered(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(name).decode()
    assert "adamax-ref = adamax_ref.cli:main" in text
    for engine in ("numpy", "numba", "cupy", "numba-cuda", "array-api"):
        assert f"{engine} = " in text
    assert "[pytest11]\nadamax_ref_pytest = adamax_ref_pytest" in text
