"""The picture of errors in README: ``python docs/figures.py`` writes docs/images/ulp.png.

One float32 step of PyTorch's Adamax on random numbers: how far each moment is from the exact value, and how far any right
program may be.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.exact.permitted import permitted_graph
from adamax_ref.exact.step_bounds import bounds_of, distance

COUNT, STEP = 20_000, 7


def main() -> None:
    """Draw it."""
    torch, generator = get("torch"), np.random.default_rng(3)
    recipe, h = torch.recipe(torch.defaults, "f32"), torch.defaults
    inputs = {name: generator.normal(size=COUNT).astype(np.float32) for name in "pgm"}
    inputs["u"] = np.abs(generator.normal(size=COUNT)).astype(np.float32)
    allowed = bounds_of(permitted_graph(torch, "f32", h), h, STEP, {name: x.astype(np.float64) for name, x in inputs.items()})["m"]
    columns = [[inputs[name].copy()] for name in "pgmu"]
    _, (moment,), _ = get_backend("numpy").step(recipe, *columns, [torch.scalars(h, STEP, recipe)])
    size = np.abs(moment).astype(np.float64)
    ulp = np.spacing(np.abs(moment)).astype(np.float64)
    figure, axes = plt.subplots(figsize=(7.2, 3.4), dpi=90, layout="constrained")
    axes.loglog(size, distance(moment, allowed) / ulp, ".", markersize=2, color="#0072B2", label="torch.optim.Adamax, CPU")
    axes.loglog(size, allowed.bound / ulp, ".", markersize=2, color="#D55E00", label="derived bound")
    axes.axhline(4, color="0.4", linestyle=":", label="a fixed tolerance, 4 ulp")
    axes.set(xlabel="size of the moment", ylabel="distance from the exact value, ulp", ylim=(1e-3, 1e5))
    axes.legend(markerscale=5, frameon=False)
    figure.savefig(Path(__file__).parent / "images" / "ulp.png")


if __name__ == "__main__":
    main()
