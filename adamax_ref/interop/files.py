"""State dictionaries in files, with their bits and without pickle: JSON for the structure, safetensors for the arrays.

One ``.safetensors`` file holds both; the JSON stands in its metadata. Reading it runs no code, whatever it contains.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adamax_ref.optimizer.state_dict import to_host
from adamax_ref.optimizer.tensors import bfloat16

KEY = "adamax_ref.state_dict"
_AS_BITS = {"bfloat16": np.uint16, "complex64": np.float32, "complex128": np.float64}
"""Types that safetensors does not know everywhere, and what they are viewed as."""


def save(state_dict: Mapping[str, object], path: str | os.PathLike[str]) -> None:
    """Write a state dictionary of an optimizer or a schedule; a file that is there is replaced in one go.

    Parameters
    ----------
    state_dict : mapping
        Arrays of any namespace, numbers, strings, None, and containers of them.
    path : path
        Usually ending in ``.safetensors``.

    Raises
    ------
    ModuleNotFoundError
        When safetensors is not installed.
    TypeError
        When a value is of another kind; nothing is written then.

    Examples
    --------
    >>> state_dict = {"state": {0: {"step": 3, "exp_avg": np.float32([0.1])}}, "param_groups": []}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(state_dict, Path(folder, "state.safetensors"))
    ...     load(Path(folder, "state.safetensors"))["state"][0]["step"]
    3
    """
    safetensors = _safetensors()
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    text = json.dumps(_encoded(state_dict, "state_dict", arrays))
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    os.close(handle)
    try:
        safetensors.save_file(arrays, temporary, metadata={KEY: text})
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: str | os.PathLike[str]) -> Any:
    """Read what :func:`save` wrote; arrays are NumPy's.

    Raises
    ------
    ModuleNotFoundError
        When safetensors is not installed.
    ValueError
        When the file is damaged, or is not one of :func:`save`.
    """
    _safetensors()
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(KEY)
            if text is None:
                raise ValueError(f"{os.fspath(path)} holds no state dictionary of adamax_ref; write it with interop.save")
            return _decoded(json.loads(text), file.get_tensor)
    except SafetensorError as error:
        raise ValueError(f"{os.fspath(path)} is not a readable safetensors file: {error}") from error


def _safetensors() -> Any:
    try:
        from safetensors import numpy as module
    except ModuleNotFoundError as error:
        error.add_note("Files of state dictionaries need safetensors: pip install safetensors")
        raise
    return module


def _encoded(value: Any, where: str, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """Return JSON for a value; arrays move to `arrays`, and what JSON would change is wrapped."""
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, Mapping):
        return {"items": [[_encoded(k, where, arrays), _encoded(v, f"{where}.{k}", arrays)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_encoded(item, f"{where}.{at}", arrays) for at, item in enumerate(value)]}
    if isinstance(value, list):
        return [_encoded(item, f"{where}.{at}", arrays) for at, item in enumerate(value)]
    if hasattr(value, "dtype"):
        return _stored(
            np.asarray(to_host(value) if hasattr(value, "shape") and not isinstance(value, np.generic) else value), where, arrays
        )
    raise TypeError(f"{where} is {type(value).__name__}, which cannot be stored; turn it into numbers, strings or arrays")


def _stored(array: np.ndarray[Any, Any], where: str, arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    flat = np.ascontiguousarray(array).reshape(-1)
    arrays[where] = flat.view(_AS_BITS.get(array.dtype.name, array.dtype))
    return {"array": where, "dtype": array.dtype.name, "shape": list(array.shape)}


def _decoded(value: Any, tensor: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item, tensor) for item in value]
    if not isinstance(value, dict):
        return value
    if "items" in value:
        return {_decoded(k, tensor): _decoded(v, tensor) for k, v in value["items"]}
    if "tuple" in value:
        return tuple(_decoded(item, tensor) for item in value["tuple"])
    dtype = bfloat16() if value["dtype"] == "bfloat16" else np.dtype(value["dtype"])
    return np.array(tensor(value["array"])).view(dtype).reshape(value["shape"])
