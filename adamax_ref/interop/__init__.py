"""Exchange with the world outside: torch state dictionaries, files without pickle, shadow mode, torch's own machinery.

Nothing in here imports torch unless it is asked for something made of torch.
"""

from .files import load as load
from .files import save as save
from .shadow import shadow as shadow
from .torch_state import from_torch as from_torch
from .torch_state import to_torch as to_torch
