"""Which dialect torch's own CUDA paths follow: each path beside each variant, bit for bit; a part of ``proof.py``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adamax_ref import Adamax, Parameter
from adamax_ref.dialects import get

STEPS = 20
SIZE = 4099
PATHS: dict[str, dict[str, Any]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "capturable": {"foreach": False, "capturable": True},
    "capturable foreach": {"foreach": True, "capturable": True},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "decay": {"weight_decay": 0.01},
    "far": {"betas": (0.3, 0.9)},
    "climb": {"maximize": True},
}

Trajectory = list[np.ndarray[Any, Any]]


def gradients(dtype: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield gradients over many magnitudes, zeros among them."""
    rng = np.random.default_rng(11)
    for _ in range(STEPS):
        sizes = 10.0 ** rng.uniform(-9, 3, SIZE)
        yield (rng.standard_normal(SIZE) * sizes * (rng.random(SIZE) > 0.1)).astype(dtype)


def of_torch(options: dict[str, Any], dtype: Any, device: str, step_of: Callable[[Any], Any] = lambda o: o.step) -> Trajectory:
    """Return torch's parameters after each step."""
    import torch

    param = torch.linspace(-1, 1, SIZE, device=device, dtype=getattr(torch, np.dtype(dtype).name))
    optimizer = torch.optim.Adamax([param], **options)
    step, found = step_of(optimizer), []
    for gradient in gradients(dtype):
        param.grad = torch.from_numpy(gradient).to(device)
        step()
        found.append(param.detach().cpu().numpy().copy())
    return found


def of_dialect(name: str, options: dict[str, Any], dtype: Any, start: np.ndarray[Any, Any]) -> Trajectory:
    """Return a dialect's parameters after each step, on NumPy."""
    param = Parameter(start.copy())
    optimizer = Adamax([param], dialect=name, backend="numpy", **options)
    found = []
    for gradient in gradients(dtype):
        param.grad = gradient
        optimizer.step()
        found.append(param.data.copy())
    return found


def followed(wanted: Trajectory, options: dict[str, Any], dtype: Any, start: np.ndarray[Any, Any]) -> dict[str, int]:
    """Return for each variant of torch's dialect in how many elements it differs at the end; 0 is the one followed."""
    names = ["torch", *(f"torch/{variant}" for variant in get("torch").variants)]
    profile = {"float32": "f32", "float64": "f64"}[np.dtype(dtype).name]
    known = [name for name in names if profile in get(name).profiles]
    return {name: differing(of_dialect(name, options, dtype, start), wanted) for name in known}


def differing(one: Trajectory, other: Trajectory) -> int:
    """Count elements that ever differed."""
    apart = np.zeros(one[0].shape, bool)
    for a, b in zip(one, other, strict=True):
        bits = f"u{a.dtype.itemsize}"
        apart |= (a.view(bits) != b.view(bits)) & ~(np.isnan(a) & np.isnan(b))
    return int(apart.sum())


def settle_all(device: str = "cuda", dtypes: Sequence[Any] = (np.float32, np.float64)) -> dict[str, Any]:
    """Compare every path in every setting; the compiled step as well."""
    import torch

    found: dict[str, Any] = {}
    for dtype in dtypes:
        start = torch.linspace(-1, 1, SIZE, device=device, dtype=getattr(torch, np.dtype(dtype).name)).cpu().numpy()
        for setting, options in SETTINGS.items():
            for path, flags in PATHS.items():
                if device == "cpu" and "capturable" in path:
                    continue
                title = f"{path}, {setting}, {np.dtype(dtype).name}"
                found[title] = followed(of_torch(options | flags, dtype, device), options, dtype, start)
    if device != "cpu":
        start = torch.linspace(-1, 1, SIZE, device=device).cpu().numpy()
        compiled = of_torch({"capturable": True}, np.float32, device, lambda optimizer: torch.compile(optimizer.step))
        found["compiled, plain, float32"] = followed(compiled, {}, np.float32, start)
    return found
