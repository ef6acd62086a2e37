"""Measure the dialects on other releases of their frameworks, each in an environment of its own.

``python tests/frameworks/versions.py`` measures every release of the list below and renews their
rows in docs/frameworks.md; with arguments, such as ``torch==2.0.1``, those releases alone. Each
environment is made for one release and deleted: an old wheel of PyTorch brings gigabytes with it.
What cannot be installed or run gets a row that says so.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from unittest.mock import patch

from adamax_ref.dialects import get as get_dialect
from adamax_ref.frameworks import Framework, get, names
from adamax_ref.frameworks.child import children
from adamax_ref.frameworks.elsewhere import variable_of, version_in
from adamax_ref.quality.survey import DECAY, Play, compared

PAGE = Path(__file__).parents[2] / "docs" / "frameworks.md"
BEGIN, END = "<!-- versions: begin -->\n", "<!-- versions: end -->\n"
HEAD = "| dialect | release | with | measured | bits |\n| --- | --- | --- | --- | --- |\n"

OLD_NUMPY = ("numpy<2",)
# The oldest that have a wheel for Python 3.11, releases between, and the newest.
RELEASES: dict[str, tuple[str, ...]] = {
    "torch==1.13.1": OLD_NUMPY,
    "torch==2.0.1": OLD_NUMPY,
    "torch==2.1.2": OLD_NUMPY,
    "torch==2.8.0": (),
    "torch==2.15.0": (),
    "optax==0.1.9": ("jax==0.4.13", "jaxlib==0.4.13", *OLD_NUMPY, "scipy<1.12", "chex==0.1.8"),
    "optax==0.2.4": ("jax==0.4.38", "jaxlib==0.4.38"),
    "optax==0.2.8": ("jax==0.9.0", "jaxlib==0.9.0"),
    "jax==0.4.13": ("jaxlib==0.4.13", *OLD_NUMPY, "scipy<1.12"),
    "jax==0.4.38": ("jaxlib==0.4.38",),
    "keras==3.0.5": ("tensorflow-cpu==2.16.2", "jax==0.4.26", "jaxlib==0.4.26", *OLD_NUMPY),
    "keras==3.8.0": ("tensorflow-cpu==2.18.1", "jax==0.4.38", "jaxlib==0.4.38"),
    "tf-keras==2.15.1": ("tensorflow-cpu==2.15.1",),
    "tf-keras==2.18.0": ("tensorflow-cpu==2.18.1",),
    "tensorflow-cpu==2.12.1": (),
    "tensorflow-cpu==2.18.1": (),
    "paddlepaddle==2.6.2": OLD_NUMPY,
    "paddlepaddle==3.0.0": ("setuptools",),
    "mlx==0.21.1": (),
    "mlx==0.29.4": ("mlx-cpu==0.29.4",),
}
"""Releases, and what has to be installed with each for this Python."""


def measure(release: str) -> list[str]:
    """Return the rows of one release, for every framework that its distribution runs."""
    name = re.split("[=<>]", release)[0]
    chosen = [each for each in map(get, names()) if each.versions[0].replace("_", "-") == name]
    assert chosen, f"no framework has a distribution {name!r}"
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        fault = install(python, [release, "ml_dtypes", *RELEASES.get(release, ())])
        setting = {variable_of(each.module): str(python) for each in chosen}
        with patch.dict(os.environ, setting), children() as running:
            return [row(each, release, str(python), fault, running.play) for each in chosen]


def install(python: Path, wanted: Iterable[str]) -> str:
    """Make an environment; return why something cannot be installed, or an empty text."""
    subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    found = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    faults = [line for line in found.stderr.splitlines() if line.startswith("ERROR: ")]
    return shortened(faults[-1]) if found.returncode else ""


def row(framework: Framework, release: str, python: str, fault: str, play: Play) -> str:
    """Return the row of one way of running a release."""
    others = [(each, version_in(python, each)) for each in framework.versions[1:]]
    beside = ", ".join(f"{name} {version.partition('+')[0]}" for name, version in others if version)
    bits = f"not installed: {fault}" if fault else "; ".join(verdicts(framework, play))
    cells = (f"`{framework.name}`", release, beside or "–", date.today().isoformat(), bits)
    return f"| {' | '.join(cells)} |\n"


def verdicts(framework: Framework, play: Play) -> Iterator[str]:
    """Say which dialect each type follows: its own, another variant, or none."""
    decays = bool(get_dialect(framework.name).options & {"l2", "decoupled"})
    types: dict[str, list[str]] = {}
    for profile in (each for each in framework.profiles if not each.startswith("c")):
        for decay in (0.0, DECAY) if decays else (0.0,):
            verdict = followed(framework.name, profile, decay, play)
            types.setdefault(verdict, []).append(f"{profile}{'+decay' if decay else ''}")
    return (f"{', '.join(where)} {verdict}" for verdict, where in types.items())


def followed(name: str, profile: str, decay: float, play: Play) -> str:
    """Say which dialect's bits a framework gives in one type."""
    try:
        counts = {each: sum(compared(name, profile, decay, play, each)) for each in kin(name, profile, decay)}
    except (RuntimeError, ValueError) as error:
        return f"does not run: {shortened(str(error).removeprefix(f'{name}: '))}"
    exact = [each for each, count in counts.items() if not count]
    if name in exact:
        return "exact"
    return f"exact as {' and '.join(f'`{each}`' for each in exact)}" if exact else "as no dialect"


def kin(name: str, profile: str, decay: float) -> list[str]:
    """Return a dialect, then the others of its family that exist in a type and can decay."""
    family = get_dialect(name.partition("/")[0])
    every = [each for each in (family, *family.variants.values()) if not decay or each.options & {"l2", "decoupled"}]
    return sorted((each.name for each in every if profile in each.profiles), key=lambda each: each != name)


def shortened(text: str) -> str:
    """Return the beginning of a message, fit for a cell of a table."""
    return re.sub(r"\s+", " ", text).replace("|", "/").strip()[:100]


def renewed(page: str, release: str, rows: list[str]) -> str:
    """Put the rows of a release in the place of those that the page has of it."""
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    others = [line for line in table.splitlines(keepends=True)[2:] if f"| {release} |" not in line]
    order = list(RELEASES)

    def place(line: str) -> tuple[int, str]:
        cell = line.split(" | ")[1]
        return (order.index(cell) if cell in order else len(order), cell)

    return before + BEGIN + HEAD + "".join(sorted([*others, *rows], key=place)) + END + after


if __name__ == "__main__":
    for each in sys.argv[1:] or RELEASES:
        made = measure(each)
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), each, made), encoding="utf-8")
        print("".join(made), end="", flush=True)
