"""The whole proof on a GPU, in one run of less than nine minutes: ``python tests/gpu/proof.py [RECORD]``.

Needs the package with the extras ``cupy-cuda13`` (or ``cupy-cuda12``) and ``numba-cuda``; with torch for CUDA
installed it also times torch and settles torch's own CUDA dialects. Every part is tried even if another fails, and
the record says what each found: device, corpus, tests, speed beside a copy in the same run, torch. Without a device the
record says "not yet measured on a GPU", and why; the exit code is then 3, and 1 when a part failed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from adamax_ref.backend import why_unavailable

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "benchmarks" / "gpu.json"
NOT_MEASURED = "not yet measured on a GPU"
ENGINES = ("cupy", "numba-cuda")
LIMIT = 520.0
"""Seconds after which no further part is started."""

TESTS_LIMIT = 240.0
"""Seconds that the tests may take."""

Part = Callable[[], Any]


def versions() -> dict[str, str]:
    """Return the versions of everything that takes part."""
    names = ("adamax-ref", "numpy", "cupy-cuda13x", "cupy-cuda12x", "numba", "numba-cuda", "cuda-bindings", "torch")
    found = {"python": sys.version.split()[0]}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def device() -> dict[str, Any]:
    """Return what the device says of itself."""
    import cupy

    facts = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    free, total = cupy.cuda.runtime.memGetInfo()
    return {
        "name": facts["name"].decode(),
        "compute_capability": cupy.cuda.Device().compute_capability,
        "multiprocessors": facts["multiProcessorCount"],
        "l2_bytes": facts["l2CacheSize"],
        "memory_bytes": total,
        "memory_free_bytes": free,
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "runtime": cupy.cuda.runtime.runtimeGetVersion(),
    }


def corpus(engine: str) -> dict[str, Any]:
    """Judge an engine on the whole core corpus."""
    from adamax_ref.conformance.run import pairs, run
    from adamax_ref.conformance.targets import open_target
    from adamax_ref.conformance.verdict import Grade
    from adamax_ref.golden.load import open_corpus

    target, golden = open_target(f"backend:{engine}"), open_corpus()
    verdicts, wrong = {}, []
    for dialect, profile in pairs(target, golden):
        verdict = run(target, golden, dialect, profile).verdict
        verdicts[f"{dialect} {profile}"] = {"verdict": verdict.text, "cases": len(verdict.cases)}
        wrong += [] if verdict.grade is Grade.EXACT else [f"{dialect} {profile}"]
    if wrong:
        raise AssertionError(f"not exact: {', '.join(wrong)}")
    return {"exact": True, "cases": sum(each["cases"] for each in verdicts.values()), "verdicts": verdicts}


def tests() -> dict[str, Any]:
    """Run the tests that need a device."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", str(ROOT / "tests" / "gpu")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TESTS_LIMIT, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode:
        raise AssertionError("\n".join(lines[-40:]))
    return {"passed": True, "summary": lines[-1]}


def speed() -> dict[str, Any]:
    """Time steps beside a copy and beside torch."""
    sys.path.insert(0, str(ROOT))
    from tests.gpu.speed import measure_all

    found: dict[str, Any] = measure_all()
    return found


def torch_dialects() -> dict[str, Any]:
    """Name the dialect that each of torch's own CUDA paths follows, bit for bit."""
    sys.path.insert(0, str(ROOT))
    from tests.gpu.settle import settle_all

    found: dict[str, Any] = settle_all()
    return found


def parts() -> dict[str, Part]:
    """Return everything that is done on a device, in the order of importance."""
    return {
        "device": device,
        **{f"corpus {engine}": lambda engine=engine: corpus(engine) for engine in ENGINES},  # type: ignore[misc]
        "speed": speed,
        "torch": torch_dialects,
        "tests": tests,
    }


def attempt_all(
    todo: Mapping[str, Part],
    clock: Callable[[], float] = time.monotonic,
    limit: float | None = None,
    note: Callable[[Mapping[str, Any]], None] = lambda found: None,
) -> dict[str, Any]:
    """Try every part; a part that fails or comes too late is recorded as such.

    Parameters
    ----------
    todo : mapping of str to callable
        Name and function of each part.
    clock : callable
        Seconds; replaced by tests.
    limit : float, optional
        Seconds after which no further part is started; by default :data:`LIMIT`.
    note : callable
        Gets what was found so far, after each part.
    """
    began, found, limit = clock(), dict[str, Any](), LIMIT if limit is None else limit
    for name, part in todo.items():
        if clock() - began > limit:
            found[name] = {"left_out": f"{limit:.0f} seconds were over"}
            continue
        try:
            found[name] = part()
        except Exception as error:
            found[name] = {"failed": f"{type(error).__name__}: {error}"}
        note(found)
    return found


def record_of(
    reason: str | None, todo: Mapping[str, Part], note: Callable[[Mapping[str, Any]], None] = lambda record: None
) -> dict[str, Any]:
    """Return the record: what was found, or why nothing could be; `note` gets it after each part, in case the run is killed."""
    head = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "versions": versions()}
    if reason is not None:
        return {"status": NOT_MEASURED, "reason": reason, **head}
    found = attempt_all(todo, note=lambda done: note({"status": "incomplete", **head, "parts": done}))
    failed = [name for name, each in found.items() if isinstance(each, dict) and {"failed", "left_out"} & set(each)]
    return {"status": "incomplete" if failed else "measured", "failed": failed, **head, "parts": found}


def write(record: Mapping[str, Any], target: Path) -> None:
    """Write the record whole: a reader never sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    draft.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, target)


def main(arguments: list[str]) -> int:
    """Do it all, write the record, and return the exit code."""
    reason = why_unavailable("cupy")
    target = Path(arguments[0]) if arguments else RECORD
    record = record_of(reason, parts(), lambda unfinished: write(unfinished, target))
    write(record, target)
    print(json.dumps(record, indent=2))
    return 3 if reason is not None else 1 if record["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
