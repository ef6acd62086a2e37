"""TensorFlow.js's ``tf.train.adamax`` on its CPU backend, under Node.

Node finds the two packages in the folder that ``NODE_PATH`` names, or below the working directory.
"""

import json
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from .layout import Count, Layout, Product
from .protocol import Array, Framework, Missing, Start, Step

SCRIPT = Path(__file__).with_suffix(".js")
REMEDY = "npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0, and set NODE_PATH to its node_modules"


@cache
def version() -> str | None:
    """Return the version that Node finds, or None."""
    try:
        found = subprocess.run(["node", str(SCRIPT), "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def begin(start: Start) -> Step:
    """Start Node with the state; each step is one line there and one line back."""
    if version() is None:
        raise Missing(f"TensorFlow.js was not found; {REMEDY}")
    h = start.hyper
    node = subprocess.Popen(["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert node.stdin is not None and node.stdout is not None
    given, taken = node.stdin, node.stdout

    def ask(**message: object) -> list[Array]:
        given.write(json.dumps(message) + "\n")
        given.flush()
        rows = json.loads(taken.readline())
        return [np.array(row, np.uint32).view(np.float32).reshape(start.p.shape) for row in rows]

    state = {name: _bits(array) for name, array in (("p", start.p), ("m", start.m), ("u", start.u))}
    ask(lr=h.lr, beta1=h.beta1, beta2=h.beta2, eps=h.eps, t=start.t, **state)

    def step(g: Array, lr: float) -> tuple[Array, Array, Array]:
        p, m, u = ask(g=_bits(g), lr=lr)
        return p, m, u

    return step


def _bits(array: Array) -> list[int]:
    found: list[int] = np.ascontiguousarray(array).reshape(-1).view(np.uint32).tolist()
    return found


_LAYOUT = Layout(
    "m",
    "v",
    "{}/m",
    "{}/v",
    Count("iteration", "iteration", "float32"),
    Product("accBeta1", "accBeta1", ahead=1),
    build="flat",
)

FRAMEWORKS = (
    Framework(
        "tfjs",
        layout=_LAYOUT,
        module="adamax_ref.frameworks.tfjs",
        begin=begin,
        profiles=("f32",),
        versions=("@tensorflow/tfjs-core",),
        find=version,
        remedy=REMEDY,
        settings="Node, CPU backend",
    ),
)
