"""The engines for arrays of any namespace: in general, and for torch, JAX and the strict namespace in particular."""

from .backend import BACKEND as BACKEND
from .backend import JAX as JAX
from .backend import JAX_JIT as JAX_JIT
from .backend import STRICT as STRICT
from .backend import TORCH as TORCH
from .backend import ArrayApiBackend as ArrayApiBackend
