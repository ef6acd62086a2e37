"""Step Numba-CUDA arrays with ``capturable=True`` under the simulator and count what the host reads; run as a program.

Prints as JSON the number of reads of each phase, and the counters that were reached.
"""

import json
from typing import Any

import numpy as np
from numba import cuda
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

from adamax_ref import Adamax, Parameter
from adamax_ref.exact.compare import first_difference
from adamax_ref_cuda.graph import CapturedStep

READS: list[str] = []
STEPS = 4


def watch(name: str) -> None:
    """Note every call of a method by which the host sees what a device array holds."""
    original = getattr(FakeCUDAArray, name, None)

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        READS.append(name)
        if original is None:
            return getattr(self.copy_to_host(), name)(*args, **kwargs)
        return original(self, *args, **kwargs)

    setattr(FakeCUDAArray, name, watched)


def reads() -> int:
    """Return how many reads there were since the last call."""
    number = len(READS)
    READS.clear()
    return number


def steps(optimizer: Adamax, number: int) -> int:
    """Do steps and return how often the host read."""
    reads()
    for _ in range(number):
        optimizer.step()
    return reads()


VALUES = np.linspace(-1, 1, 5, dtype=np.float32)


def on_device() -> tuple[Parameter, Adamax]:
    """Return a parameter on the simulated device and its optimizer."""
    p = Parameter(cuda.to_device(VALUES.copy()), cuda.to_device(VALUES[::-1].copy()))
    return p, Adamax([p], lr=0.1, capturable=True, backend="numba-cuda")


def main() -> dict[str, Any]:
    """Do all phases."""
    for name in ("copy_to_host", "item", "__float__", "__int__", "__array__", "__bool__"):
        watch(name)
    p, o = on_device()
    found: dict[str, Any] = {"made here": steps(o, STEPS)}
    found["count"] = float(o.state[p]["step"].copy_to_host())
    o.state[p]["step"] = cuda.to_device(np.float32(7).reshape(()))
    found["replaced"] = [steps(o, 1), steps(o, STEPS)]
    found["count after"] = float(o.state[p]["step"].copy_to_host())
    o.load_state_dict(o.state_dict())
    found["loaded"] = steps(o, STEPS)
    found["count loaded"] = float(o.state[p]["step"].copy_to_host())
    return found | {"captured": captured(), "bits": bits()}


def captured() -> Any:
    """Return reads, and the counter after one plain step and three replays (the simulator has no graph to launch)."""
    p, o = on_device()
    o.step()
    step = CapturedStep(o)
    reads()
    step.record()
    counts = []
    for _ in range(3):
        step.prepare()
        counts.append(float(o.state[p]["step"]._ary))
    return [reads(), *counts]


def bits() -> bool:
    """Whether the simulated device has the bits of NumPy."""
    q = Parameter(VALUES.copy(), VALUES[::-1].copy())
    host = Adamax([q], lr=0.1, capturable=True, backend="numpy")
    p, o = on_device()
    steps(o, STEPS), steps(host, STEPS)
    return first_difference(p.data.copy_to_host(), q.data) is None


if __name__ == "__main__":
    print(json.dumps(main()))
