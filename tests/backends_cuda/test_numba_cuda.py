"""The Numba-CUDA kernel without a device: its PTX under the audit, its source under the simulator."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adamax_ref.dialects import get
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref_cuda.assembler import assemble
from adamax_ref_cuda.audit import audit
from tests.backends_cuda.ptx.compiled import sample

HERE = Path(__file__).parent
TORCH = get("torch")
F32 = TORCH.recipe(TORCH.defaults, "f32")


@pytest.fixture
def kernels(peer: Callable[[str], Any]) -> Any:
    """Return the module that makes kernels; needs numba-cuda, not a device."""
    peer("numba_cuda")
    import adamax_ref_numba_cuda.kernel

    return adamax_ref_numba_cuda.kernel


def test_ptx_holds_exactly_the_operations_of_the_recipe(kernels: Any, ptxas: str, tell: Callable[[str], None]) -> None:
    read = rounded = 0
    for recipe in sample():
        ptx = kernels.ptx(kernels.kernel_function(recipe), (9, 0))
        finding = audit(ptx, recipe)
        (usage,) = assemble(ptx, "sm_90", ptxas)
        assert finding.faults == (), every_recipe()[recipe]
        assert finding.wide >= 7 and (usage.spilled, usage.stack) == (0, 0)
        read, rounded = read + finding.instructions, rounded + finding.arithmetic
    tell(f"Numba-CUDA PTX: {len(sample())} recipes, {read} instructions, {rounded} rounded operations, all as in the recipes")


def test_the_same_holds_for_an_older_machine(kernels: Any, ptxas: str) -> None:
    for profile in ("f32", "bf16"):
        recipe = TORCH.recipe(TORCH.defaults, profile)
        ptx = kernels.ptx(kernels.kernel_function(recipe), (8, 0))
        assert audit(ptx, recipe).faults == ()
        assert assemble(ptx, "sm_80", ptxas)[0].spilled == 0


def test_plain_operators_would_be_contracted_and_the_audit_says_so(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from adamax_ref_numba_cuda import source

    plain = source.TEMPLATES["binary32"] | {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "({0} * {1})"}
    monkeypatch.setitem(source.TEMPLATES, "binary32", plain)
    recipe = get("torch/unfused").recipe(TORCH.defaults, "f32")
    faults = audit(kernels.ptx(kernels.kernel_function(recipe), (9, 0)), recipe).faults
    assert any("fma for" in fault for fault in faults)


def test_a_plain_maximum_would_drop_nan_and_the_audit_says_so(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from adamax_ref_numba_cuda import source

    careless = source.TEMPLATES["binary32"] | {"max": "({0} if {0} >= {1} else {1})"}
    monkeypatch.setitem(source.TEMPLATES, "binary32", careless)
    faults = audit(kernels.ptx(kernels.kernel_function(F32), (9, 0)), F32).faults
    assert any("NaN" in fault for fault in faults)


def simulate(script: str) -> str:
    """Run a program under the simulator and return what it prints."""
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_core_corpus_is_exact_under_the_simulator(peer: Callable[[str], Any], tell: Callable[[str], None]) -> None:
    peer("numba_cuda")
    found = json.loads(simulate(str(HERE / "simulated_corpus.py")))
    assert {verdict.removesuffix(" by ftz") for verdict, _ in found.values()} == {"EXACT"}, found
    cases = sum(number for _, number in found.values())
    tell(f"Numba-CUDA under the simulator: {cases} cases of the core corpus, all exact")
    assert cases > 100


def test_tails_strides_and_many_tensors_have_the_bits_of_numpy_under_the_simulator(peer: Callable[[str], Any]) -> None:
    peer("numba_cuda")
    assert simulate(str(HERE / "simulated_shapes.py")).split() == ["all", "equal"]
