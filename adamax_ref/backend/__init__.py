"""The contract of engines, and the registry of those that are installed.

The core never imports an engine by name: it asks the entry-point group ``adamax_ref.backends``, and so a package of
somebody else's can add one. An engine is *exact* when ``adamax-ref verify backend:NAME`` says so.
"""

from adamax_ref.arrays.dtypes import PROFILE_OF_DTYPE as PROFILE_OF_DTYPE
from adamax_ref.arrays.dtypes import dtype_name as dtype_name
from adamax_ref.arrays.dtypes import profile_of as profile_of
from adamax_ref.arrays.types import Arrays as Arrays

from .contract import AbstractBackend as AbstractBackend
from .contract import BackendUnavailable as BackendUnavailable
from .contract import Capabilities as Capabilities
from .contract import Constants as Constants
from .contract import Cut as Cut
from .contract import Kernel as Kernel
from .contract import Pieces as Pieces
from .contract import Prepared as Prepared
from .contract import Progress as Progress
from .contract import RecipeKernel as RecipeKernel
from .contract import Three as Three
from .contract import host_profiles as host_profiles
from .contract import require_equally_long as require_equally_long
from .registry import GROUP as GROUP
from .registry import OWN as OWN
from .registry import backend_for as backend_for
from .registry import backend_names as backend_names
from .registry import get_backend as get_backend
from .registry import package_of as package_of
from .registry import profiles_of as profiles_of
from .registry import why_unavailable as why_unavailable
