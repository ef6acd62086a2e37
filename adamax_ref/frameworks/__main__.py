"""The child's side of the conversation: run what is asked for until the input ends."""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, BinaryIO

from . import get
from .protocol import Array, Start, Trajectory
from .wire import receive, send


def run(name: str, start: Start, gradients: Sequence[Array | None], rates: Sequence[float]) -> Trajectory:
    """Run one framework in this process."""
    step = get(name).begin(start)
    seen = [(start.p, start.m, start.u)]
    for gradient, rate in zip(gradients, rates, strict=True):
        seen.append(seen[-1] if gradient is None else step(gradient, rate))
    p, m, u = (list(column) for column in zip(*seen[1:], strict=True)) if gradients else ([], [], [])
    return Trajectory(p, m, u)


def answer(request: Sequence[Any]) -> tuple[bool, object]:
    """Return whether it went well, and the result or the exception."""
    try:
        return True, run(*request)
    except ValueError as error:
        return False, ValueError(f"{request[0]}: {error}")
    except Exception as error:  # a framework may raise anything, and its exceptions need not survive the way
        return False, RuntimeError(f"{request[0]}: {type(error).__name__}: {error}")


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while True:
        try:
            request = receive(source)
        except EOFError:
            return
        send(answer(request), target)


def main() -> None:
    """Serve on standard input and output."""
    warnings.simplefilter("ignore")  # a framework's own warnings are not about the numbers
    with os.fdopen(os.dup(1), "wb") as target:
        os.dup2(2, 1)  # frameworks print; only answers may reach the parent
        serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
