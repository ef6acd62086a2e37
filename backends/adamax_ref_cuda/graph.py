"""A step inside a CUDA graph: captured once, replayed with the constants of each step.

A graph repeats launches with the arguments they had. The step's constants (the corrected learning rate above all)
change from step to step, so the launch reads them from a buffer, and the buffer is refreshed before each replay, in
the order of the stream: nothing waits for the device. Which library captures does not matter.
"""

from typing import Any, final

from .kernel import NO_TABLES, DeviceStep


@final
class CapturedStep:
    """An optimizer's step for use in a CUDA graph.

    Parameters
    ----------
    optimizer : object
        Of this package, or its torch class; its parameters, gradients and state lie on a CUDA device and stay where they are. It
        has done at least one plain step, so that state and tables exist. ``capturable`` is not needed.

    Notes
    -----
    With CuPy::

        optimizer.step()                       # makes state and tables
        stream.synchronize()
        captured = CapturedStep(optimizer)
        with stream:
            stream.begin_capture()
            captured.record()                  # nothing moves yet
            graph = stream.end_capture()
            for batch in batches:
                ...                            # write gradients in place
                captured.prepare()             # the next step's constants; also after a change of lr
                graph.launch(stream)

    and with torch ``with torch.cuda.graph(graph): captured.record()``, then ``captured.prepare(); graph.replay()``.
    N replays do what N steps do, bit for bit.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self._step: Any = None

    def record(self) -> None:
        """Put the step into the graph that is being captured; nothing has been done or counted before the first replay.

        Raises
        ------
        RuntimeError
            When it was called before, or the arrays have not been stepped where they are.
        """
        if self._step is not None:
            raise RuntimeError("this step was captured already; make another CapturedStep to capture it again")
        step = self._optimizer.prepared()
        if step is None or not _reads(step):
            raise RuntimeError(NO_TABLES)
        for call in step.calls:
            call.prepared.launch()
        self._step = step

    def prepare(self) -> None:
        """Send the constants of the next step to the device; call it before each replay, on the stream of the replay.

        Raises
        ------
        RuntimeError
            When nothing was recorded, or arrays or recipes are not those that were captured.
        """
        if self._step is None:
            raise RuntimeError("there is nothing to replay; call record() while the stream is captured")
        step = self._step
        if self._optimizer.prepared(step) is None or not _reads(step):
            raise RuntimeError(
                "a parameter lost or gained its gradient, or an array lies elsewhere than when the step was captured, or an option "
                "asks for other launches; keep arrays where they are and write gradients in place, or capture anew"
            )
        constants, numbers = step.numbers()
        for call, rows in zip(step.calls, constants, strict=True):
            call.prepared.refresh(rows)
        step.count(numbers, self._optimizer.state)


def _reads(step: Any) -> bool:
    """Return whether every launch reads the gradients where they are now."""
    gradients = step.gradients()
    if gradients is None or not all(isinstance(call.prepared, DeviceStep) for call in step.calls):
        return False
    return all(call.prepared.reads(gs) for call, gs in zip(step.calls, gradients, strict=True))
