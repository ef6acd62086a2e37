"""The CuPy engine: a recipe as CUDA C, compiled by NVRTC with our own options, one launch for all parameters."""

from .backend import BACKEND as BACKEND
from .backend import CupyBackend as CupyBackend
