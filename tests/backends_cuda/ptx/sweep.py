"""Kernels against NumPy: tensors of every kind of layout in one launch, filled with random bits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.conformance.run import pairs, run
from adamax_ref.conformance.targets.backend import BackendTarget
from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.load import open_corpus
from adamax_ref.recipe.recipe import INPUTS, Recipe
from adamax_ref_cuda.geometry import CHUNK

from .engine import DeviceArray, KernelOf, PtxBackend
from .instructions import Array
from .machine import Machine
from .memory import Memory
from .parser import Kernel

View = Callable[[Array], Array]
LEAST = CHUNK + 77
"""Elements of the large tensor: two chunks, and a tail in the second."""

LAYOUTS: tuple[tuple[int, int, str, View], ...] = (
    (70, 0, "pgmu", lambda a: a),
    (1, 0, "pgmu", lambda a: a.reshape(())),
    (7, 0, "pgmu", lambda a: a),
    (8, 0, "pgmu", lambda a: a),
    (0, 0, "pgmu", lambda a: a),
    (300, 1, "pgmu", lambda a: a),
    (300, 1, "g", lambda a: a),
    (41, 0, "pgmu", lambda a: a[::-1]),
    (301, 0, "pgmu", lambda a: a[1:]),
    (61, 0, "pgmu", lambda a: a[::-3]),
    (60, 0, "pgmu", lambda a: a.reshape(6, 10).T),
    (60, 0, "g", lambda a: a.reshape(6, 10)[:, 1:9]),
    (60, 0, "pmu", lambda a: a.reshape(3, 4, 5)[:, ::-2, 1:]),
    (7 * 64, 0, "g", lambda a: a.reshape((7, *[2] * 6))[(slice(None), *[slice(0, 1)] * 2)].transpose(4, 0, 2, 6, 1, 3, 5)),
)
"""Elements, distance from a boundary of 16 bytes in elements, arrays that are viewed, and the view."""


@final
@dataclass
class Count:
    """How much was executed, and what came out wrong.

    Attributes
    ----------
    kernels, launches, cases, elements, instructions : int
        Instructions are counted once for each thread that does them.
    wrong : list of str
        Names of the kernels that differ from NumPy.
    """

    kernels: int = 0
    launches: int = 0
    cases: int = 0
    elements: int = 0
    instructions: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, backend: PtxBackend) -> None:
        """Add what an engine has done."""
        self.kernels += len(backend.ptx_launcher.kernels)
        self.launches += backend.ptx_launcher.launches
        self.instructions += backend.machine.instructions

    def row(self, engine: str, what: str, machines: str) -> str:
        """Return the row of the table in docs/cuda.md."""
        numbers = (self.kernels, self.launches, self.cases or "", self.elements or "", self.instructions)
        cells = (f"{number:,}".replace(",", " ") if number else "" for number in numbers)
        return f"| {engine} | {what} | {machines} | " + " | ".join(cells) + " |"


def random_bits(dtype: np.dtype[Any], size: int, rng: np.random.Generator, signed: bool = True) -> Array:
    """Return numbers of every kind: all bit patterns are as likely; a quarter are ordinary or special numbers."""
    patterns = rng.integers(0, 256, size * dtype.itemsize, dtype=np.uint8).view(dtype)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0]).astype(dtype)
    kind = rng.integers(0, 16, size)
    with np.errstate(all="ignore"):
        ordinary = rng.standard_normal(size).astype(dtype)
        mixed = np.where(kind == 0, special[rng.integers(0, len(special), size)], np.where(kind < 4, ordinary, patterns))
        return mixed if signed else np.abs(mixed)


def constants_for(recipe: Recipe, rng: np.random.Generator) -> tuple[float, ...]:
    """Return arbitrary constants of the working type, with the signs that their names give them."""
    sizes = rng.uniform(0.001, 1, len(recipe.constants))
    signed = [-size if name.startswith("minus") else size for name, size in zip(recipe.constants, sizes, strict=True)]
    return tuple(recipe.working_format.round(float(x)) for x in signed)


def step_both(kernel_of: KernelOf, recipe: Recipe, dtype: np.dtype[Any], size: int, seed: int, count: Count) -> bool:
    """Step tensors of every layout with the interpreter and with NumPy; tell whether every byte agrees.

    The bytes between the elements of a view must be what they were; NaN is compared by class.
    """
    rng = np.random.default_rng(seed)
    backend = PtxBackend(kernel_of, Machine(Memory()))
    bases: list[tuple[Array, Array]] = []
    ours: list[list[DeviceArray]] = [[], [], [], []]
    theirs: list[list[Array]] = [[], [], [], []]
    layouts = [(size, 0, "pgmu", LAYOUTS[0][3]), *LAYOUTS]
    for length, shift, viewed, view in layouts:
        for at, letter in enumerate("pgmu"):
            host = random_bits(dtype, length, rng, signed=letter != "u")
            shape = view(host).shape
            host = host if letter in viewed else host[: int(np.prod(shape))]
            moved = shift * dtype.itemsize if letter in viewed else 0
            device = backend.machine.memory.allocate(host.nbytes, moved).view(dtype)
            device[...] = host
            place = view if letter in viewed else lambda a, shape=shape: a.reshape(shape)
            backend.machine.memory.grant(place(device), writable=letter != "g")
            ours[at].append(DeviceArray(place(device)))
            theirs[at].append(place(host))
            bases.append((device, host))
    constants = [constants_for(recipe, rng) for _ in layouts]
    reference: Any = get_backend("numpy")
    reference.step(recipe, *theirs, constants)
    engine: Any = backend
    engine.step(recipe, *ours, constants)
    count.add(backend)
    count.elements += sum(array.size for array in theirs[0])
    return all(agreeing(device, host).all() for device, host in bases)


def agreeing(got: Array, want: Array) -> Array:
    """Tell for each number whether the bits are the same, or both are NaN."""
    bits = f"u{got.dtype.itemsize}"
    with np.errstate(invalid="ignore"):  # NaN of bfloat16
        alike: Array = (got.view(bits) == want.view(bits)) | (got != got) & (want != want)
    return alike


def sweep(
    kernel_of: KernelOf, recipes: Sequence[Recipe], dtype_of: Callable[[Recipe], np.dtype[Any]], least: int = 1_000_000
) -> Count:
    """Step every recipe; of each storage format at least so many elements in all."""
    count = Count()
    for seed, recipe in enumerate(recipes):
        alike = sum(other.storage == recipe.storage for other in recipes)
        if not step_both(kernel_of, recipe, dtype_of(recipe), max(LEAST, least // alike), seed, count):
            count.wrong.append(str(recipe))
    return count


def corpus(backend: PtxBackend) -> Count:
    """Judge the engine on the whole core corpus, by the judge that judges every target."""
    count, golden, target = Count(), open_corpus(), BackendTarget(backend)
    for dialect, profile in pairs(target, golden):
        backend.machine.memory = Memory()
        verdict = run(target, golden, dialect, profile).verdict
        count.cases += len(verdict.cases)
        count.wrong += [] if verdict.grade is Grade.EXACT else [f"{dialect} {profile}"]
    count.add(backend)
    return count


def first_wrong(kernel: Kernel, recipe: Recipe, dtype: np.dtype[Any]) -> tuple[dict[str, Array], tuple[float, ...]]:
    """Return an element for which a kernel differs from NumPy, and the constants.

    Raises
    ------
    ValueError
        When none of 3000 does.
    """
    rng = np.random.default_rng(5)
    given = [random_bits(dtype, 3000, rng, signed=name != "u") for name in INPUTS]
    constants = constants_for(recipe, rng)
    want = [array.copy() for array in given]
    engine: Any = PtxBackend(lambda _: kernel)
    got = [engine.own_from_host(array) for array in given]
    engine.step(recipe, *([array] for array in got), [constants])
    reference: Any = get_backend("numpy")
    reference.step(recipe, *([array] for array in want), [constants])
    unlike = [~agreeing(mine.host, theirs) for mine, theirs in zip(got, want, strict=True)]
    at = np.flatnonzero(np.any(unlike, axis=0))
    if not len(at):
        raise ValueError(f"{kernel.name} has the bits of NumPy on {len(given[0])} elements")
    return {name: array[at[:1]] for name, array in zip(INPUTS, given, strict=True)}, constants
