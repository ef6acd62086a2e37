"""Shadow mode: follow a live optimizer with a reference and report the first bit in which the two differ.

:mod:`~adamax_ref.interop.shadow.observer` is attached to an optimizer; it follows calls of ``step`` (``step_calls``,
``observed_step``), copies numbers (``snapshot``), does the step again (``expected``) and explains a difference
(``divergence``).
"""

from .divergence import Divergence as Divergence
from .divergence import Element as Element
from .divergence import Mismatch as Mismatch
from .observer import Shadow as Shadow
from .observer import shadow as shadow
