"""The reference for Adamax: optimizers made of rounded operations, golden vectors, and a judge that explains a failure."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from adamax_ref.optimizer.functional import State as State
from adamax_ref.optimizer.functional import init as init
from adamax_ref.optimizer.functional import update as update
from adamax_ref.optimizer.options import defaults as defaults
from adamax_ref.optimizer.schedules import SequentialLR as SequentialLR

from . import dialects as dialects
from .backend import BackendUnavailable as BackendUnavailable
from .backend import backend_names as backend_names
from .backend import get_backend as get_backend
from .backend import why_unavailable as why_unavailable
from .optimizer.adamax import Adamax as Adamax
from .optimizer.hooks import register_optimizer_step_post_hook as register_optimizer_step_post_hook
from .optimizer.hooks import register_optimizer_step_pre_hook as register_optimizer_step_pre_hook
from .optimizer.parameter import Parameter as Parameter
from .optimizer.schedules import CosineAnnealingLR as CosineAnnealingLR
from .optimizer.schedules import LinearLR as LinearLR
from .recipe.hyper import Hyperparameters as Hyperparameters

if TYPE_CHECKING:
    from .exact.compare import assert_bitwise_equal as assert_bitwise_equal
    from .interop.shadow import shadow as shadow
    from .optimizer.vjp import vjp as vjp

_LATER = {"shadow": ".interop.shadow", "vjp": ".optimizer.vjp", "assert_bitwise_equal": ".exact.compare"}
"""What few programs need and takes time to import, with where it is."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
