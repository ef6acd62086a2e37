"""TorchSharp, which follows PyTorch before 2.1; read from the source."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Evidence, Provenance

from . import torch

DIALECT = replace(
    torch.DIALECT.variants["pre-2.1"],
    name="torchsharp",
    title="TorchSharp (.NET)",
    provenance=Provenance(
        framework="TorchSharp", versions="0.107", source="src/TorchSharp/Optimizers/Adamax.cs at c20b6a1c", evidence=Evidence.SOURCE
    ),
    quirks=(
        "The default learning rate is 2e-3, but 1 in the options of a group.",
        "A beta of exactly 1 is accepted and divides by zero.",
    ),
)
