"""The engine for NumPy arrays on every core: the recipe as one compiled loop over memory.

Importing it does not import Numba; compiling the first recipe does.
"""

from .backend import BACKEND as BACKEND
from .backend import NumbaBackend as NumbaBackend
