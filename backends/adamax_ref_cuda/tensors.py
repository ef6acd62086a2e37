"""Torch tensors on a CUDA device, to and from an engine's own arrays without a copy on the device.

Torch is not imported: who hands a tensor over has imported it. Of bfloat16, which the exchange protocols know unevenly,
only the bits travel.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import dtype_name

if TYPE_CHECKING:
    from torch import Tensor


def tensor_from(value: HostArray, own: Callable[[HostArray], Array]) -> "Tensor":
    """Return a CUDA tensor with what `value` holds, which `own` brings to the device."""
    torch = sys.modules["torch"]
    if dtype_name(value) == "bfloat16":
        return torch.from_dlpack(own(value.view(np.int16))).view(torch.bfloat16)
    return torch.from_dlpack(own(value))


def tensor_bits(tensor: "Tensor", own: Callable[[Array], HostArray]) -> HostArray:
    """Return a NumPy copy of a tensor, which `own` brings to the host."""
    bare = tensor.detach()
    if dtype_name(bare) == "bfloat16":
        import ml_dtypes

        return own(bare.view(sys.modules["torch"].int16)).view(ml_dtypes.bfloat16)
    return own(bare)


def tensor_zeros_like(tensor: "Tensor") -> "Tensor":
    """Return zeros with the dtype, device and memory layout of a tensor."""
    return sys.modules["torch"].zeros_like(tensor.detach())
