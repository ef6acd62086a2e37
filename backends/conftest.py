"""Doctests of an engine are collected only where the library that it drives can be imported."""

from importlib.util import find_spec

LIBRARIES = {"adamax_ref_cupy": "cupy", "adamax_ref_numba_cuda": "numba.cuda", "adamax_ref_numba": "numba"}

collect_ignore_glob = [f"{engine}/*.py" for engine, library in LIBRARIES.items() if find_spec(library.split(".")[0]) is None]
