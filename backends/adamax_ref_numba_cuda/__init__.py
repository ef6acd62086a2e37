"""The Numba-CUDA engine: a recipe as a numba.cuda kernel over libdevice's rounded functions, one launch for all parameters."""

from .backend import BACKEND as BACKEND
from .backend import NumbaCudaBackend as NumbaCudaBackend
