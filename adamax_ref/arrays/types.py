"""Types of arrays, whatever library they belong to.

A function that looks at shape and type alone takes an :class:`Array`; one that computes takes a :class:`StandardArray`.
Only NumPy's own arrays, which lie in host memory, are a :data:`HostArray`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

HostArray = np.ndarray[Any, np.dtype[Any]]
"""An array of NumPy's, of any shape and dtype."""


HostType = np.dtype[Any]
"""A dtype of NumPy's."""


class Array(Protocol):
    """An array of any namespace, as far as every one of them goes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""

    @property
    def dtype(self) -> object:
        """Type of the elements, which each namespace has in its own way."""


Arrays = Sequence[Array]
"""One array for each buffer, or for each parameter."""


class StepCounter(Protocol):
    """An array of no axes that counts steps, which is advanced in place where its library can."""

    def __iadd__(self, other: Any, /) -> "StepCounter": ...


class StandardArray(Array, Protocol):
    """An array with the operators of the array-API standard; the kind of a result depends on both operands."""

    def __add__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __invert__(self) -> Any: ...
    def __eq__(self, other: object, /) -> Any: ...
    def __ne__(self, other: object, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any: ...
