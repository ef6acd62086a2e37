"""The reference for Adamax: exact optimizers, golden vectors, and a judge that names the bug."""

from . import dialects as dialects
from .backend import BackendUnavailable as BackendUnavailable
from .backend import backend_names as backend_names
from .backend import get_backend as get_backend
from .backend import why_unavailable as why_unavailable
from .law.hyper import Hyperparameters as Hyperparameters
from .optimizer.adamax import Adamax as Adamax
from .optimizer.defaults import defaults as defaults
from .optimizer.hooks import register_optimizer_step_post_hook as register_optimizer_step_post_hook
from .optimizer.hooks import register_optimizer_step_pre_hook as register_optimizer_step_pre_hook
from .optimizer.parameter import Parameter as Parameter
from .optimizer.schedules import CosineAnnealingLR as CosineAnnealingLR
from .optimizer.schedules import LinearLR as LinearLR
from .optimizer.sequence import SequentialLR as SequentialLR
from .truth.compare import assert_bitwise_equal as assert_bitwise_equal
