"""The engine for NumPy arrays: ufuncs over cache-sized blocks, in place."""

from .backend import BACKEND as BACKEND
from .backend import EMULATED as EMULATED
from .backend import NumpyBackend as NumpyBackend
