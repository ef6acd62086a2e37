"""The engine for Dask arrays: each chunk stepped where it lies."""

from .backend import BACKEND as BACKEND
from .backend import DaskBackend as DaskBackend
