"""Whether torch.compile has taken over what runs now.

A compiled step has no fixed arithmetic and its hooks may be traced in place of being called, so nothing that a hook
sees there says what the step computes.
"""

import sys

REMEDY = "call optimizer.step() outside of torch.compile, or from a function under torch.compiler.disable"
_FILE = ("torch/_dynamo/eval_frame.py", "torch\\_dynamo\\eval_frame.py")
_TAKES_OVER = "compile_wrapper"
"""The function of that file that calls what was compiled; the others switch compilation off."""


def is_compiled() -> bool:
    """Return True inside a function that torch.compile has taken over.

    While torch traces, the answer is a constant of what is traced, so the compiled function repeats it. Where torch
    gives up tracing, the function runs as Python below torch's wrapper, which stands on the stack. A part that the
    user has taken out of compilation again is not compiled.

    Examples
    --------
    >>> is_compiled()
    False
    """
    torch = sys.modules.get("torch")
    return torch is not None and (torch.compiler.is_compiling() or _innermost_wrapper() == _TAKES_OVER)


def require_uncompiled(optimizer: object) -> None:
    """Raise when the step of an optimizer has been replaced by what torch.compile made of it.

    Raises
    ------
    RuntimeError
        With the remedy.
    """
    code = getattr(getattr(optimizer, "step", None), "__code__", None)
    if code is not None and code.co_name == _TAKES_OVER and code.co_filename.endswith(_FILE):
        raise RuntimeError(f"optimizer.step was made by torch.compile and cannot be followed; {REMEDY}")


def _innermost_wrapper() -> str | None:
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.endswith(_FILE):
            return frame.f_code.co_name
    return None
