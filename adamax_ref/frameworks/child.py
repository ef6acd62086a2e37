"""A process that holds frameworks, and the conversation with it.

Requests and answers go over the child's standard input and output (:mod:`adamax_ref.frameworks.wire`); the child is this
same package, in this Python or in one of the framework's own (:mod:`adamax_ref.frameworks.elsewhere`). A framework that
crashes takes the child with it and nothing else.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

from adamax_ref.dialects import get as get_dialect

from . import get
from .elsewhere import command
from .protocol import Array, Missing, Start, Trajectory
from .wire import receive, send

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "GLOG_minloglevel": "3", "PYTHONWARNINGS": "ignore"}
HALVES = "--xla_cpu_max_isa=AVX2"  # so that float16 has the same bits on a processor that computes in it
ALONE = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}  # compile in the child itself, so that nothing outlives it


@final
class Child:
    """A running process with one set of environment variables.

    Parameters
    ----------
    module : str
        What it is to run; see :mod:`adamax_ref.frameworks.elsewhere`.
    environment : mapping of str to str
        Added to this process's own.
    """

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **QUIET, **ALONE, **environment, "XLA_FLAGS": f"{HALVES} {os.environ.get('XLA_FLAGS', '')}"},
        )

    def ask(self, *request: object) -> Any:
        """Send a request and return the answer; what the child raises is raised here."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            send(request, self._process.stdin)
            fine, answer = receive(self._process.stdout)
        except (EOFError, OSError) as error:
            self._process.kill()  # without effect where it has ended; one that closed its output may never end
            raise RuntimeError(f"the process that ran {request[0]!r} ended with status {self._process.wait()}") from error
        if not fine:
            raise answer
        return answer

    def close(self) -> None:
        """Kill the child and wait for it; it owns nothing that it would have to save."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        # Not SIGTERM: Paddle and TensorFlow install handlers for it, and a handler can wait for a lock for ever.
        self._process.kill()
        self._process.wait()


@final
class Children:
    """Processes that are started when first needed, one for each module and set of environment variables.

    TensorFlow and Paddle, for one, cannot live in the same process.
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, tuple[tuple[str, str], ...]], Child] = {}

    def play(self, name: str, start: Start, gradients: Sequence[Array | None], rates: Sequence[float] | None = None) -> Trajectory:
        """Run framework `name` from `start` over the gradients, in its own process.

        Parameters
        ----------
        name : str
            See :func:`adamax_ref.frameworks.names`.
        start : Start
            Where to begin.
        gradients : sequence of array or None
            One entry a step; None skips the step.
        rates : sequence of float, optional
            Learning rate of each step; ``start.hyper.lr`` otherwise.

        Raises
        ------
        Missing
            When the framework is not installed.
        ValueError
            When it does not run in this profile, or has no such option.
        RuntimeError
            When its process died.
        """
        framework = get(name)
        if not framework.installed:
            raise Missing(f"{framework.module} is not installed; {framework.remedy}")
        if start.profile not in framework.profiles:
            raise ValueError(
                f"framework {name!r} does not run in profile {start.profile!r}; it has {', '.join(framework.profiles)}"
            )
        get_dialect(name).check(start.hyper, start.profile)
        child = self._child(framework.module, framework.environment)
        answer: Trajectory = child.ask(name, start, list(gradients), list(rates or [start.hyper.lr] * len(gradients)))
        return answer

    def _child(self, module: str, environment: Mapping[str, str]) -> Child:
        key = module, tuple(sorted(environment.items()))
        if key not in self._running:
            self._running[key] = Child(module, environment)
        return self._running[key]

    def close(self) -> None:
        """End all of them."""
        while self._running:
            self._running.popitem()[1].close()


@contextmanager
def children() -> Iterator[Children]:
    """Hold processes for the length of a ``with`` block."""
    held = Children()
    try:
        yield held
    finally:
        held.close()
