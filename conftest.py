"""Doctests are collected only from files whose library is installed."""

from importlib.util import find_spec

LIBRARIES = {
    "adamax_ref/jax_arrays.py": "jax",
    "backends/adamax_ref_cupy/*.py": "cupy",
    "backends/adamax_ref_numba/*.py": "numba",
    "backends/adamax_ref_numba_cuda/*.py": "numba_cuda",
}

collect_ignore = ["adamax_ref/adapters/python"]  # programs that read their standard input as soon as they are loaded
collect_ignore_glob = [files for files, library in LIBRARIES.items() if find_spec(library) is None]
