"""A step inside a CUDA graph: captured once, replayed with the constants of each step.

A graph repeats launches with the arguments they had. The step's constants (the corrected learning rate above all)
change from step to step, so the launch reads them from a buffer, and the buffer is refreshed before each replay, in
the order of the stream: nothing waits for the device. Which library captures does not matter.
"""

from typing import Any, Literal, final

from .recording import CURRENT, Recording


@final
class CapturedStep:
    """An optimizer's step for use in a CUDA graph.

    Parameters
    ----------
    optimizer : object
        With a method ``step()``; its parameters, gradients and state lie on a CUDA device and stay where they are. It
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
        self._recording = Recording()
        self._stepped: list[int] = []

    def record(self) -> None:
        """Put the step into the graph that is being captured; it counts as done with the first replay.

        Raises
        ------
        RuntimeError
            When it was called before, or the arrays have not been stepped where they are.
        """
        if self._recording.launches:
            raise RuntimeError("this step was captured already; make another CapturedStep to capture it again")
        self._stepped = self._with_gradients()
        self._step("record")

    def prepare(self) -> None:
        """Send the constants of the next step to the device; call it before each replay, on the stream of the replay.

        Raises
        ------
        RuntimeError
            When nothing was recorded, or arrays or recipes are not those that were captured.
        """
        recording = self._recording
        if not recording.launches:
            raise RuntimeError("there is nothing to replay; call record() while the stream is captured")
        if recording.pending:
            for refresh in recording.pending:
                refresh()
            recording.pending.clear()
            return
        if self._with_gradients() != self._stepped:  # looked at first, for a step of other launches would count all the same
            raise RuntimeError(
                "the step has other launches than the captured one: a parameter lost or gained its gradient; capture anew"
            )
        recording.prepared = 0
        self._step("prepare")
        if recording.prepared != len(recording.launches):
            raise RuntimeError("the step has fewer launches than the captured one: an option changed the recipe; capture anew")

    def _with_gradients(self) -> list[int]:
        """Return which parameters a step would move."""
        groups = getattr(self._optimizer, "param_groups", ())
        return [id(param) for group in groups for param in group["params"] if param.grad is not None]

    def _step(self, mode: Literal["record", "prepare"]) -> None:
        self._recording.mode = mode
        token = CURRENT.set(self._recording)
        try:
            self._optimizer.step()
        finally:
            CURRENT.reset(token)
