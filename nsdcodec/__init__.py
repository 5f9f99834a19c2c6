"""nsdcodec: distilled image data sets, each in one small, safe, self-contained file.

    from nsdcodec import NSDDataset
    loader = DataLoader(NSDDataset("c10.nsd"), batch_size=256, shuffle=True)

The public names are those of `__all__`; docs/api.md describes each. A name is loaded when it is first used, so that
`import nsdcodec` and reading a header need neither torch nor the packages of the extra `encode`.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nsdcodec.version import VERSION as __version__

if TYPE_CHECKING:
    from nsdcodec import errors
    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.data.subsets import Joined, Part
    from nsdcodec.data.transforms import DSA, Seeded
    from nsdcodec.encoding.budget import Budget
    from nsdcodec.encoding.encoder import encode
    from nsdcodec.encoding.recipes import settings_for
    from nsdcodec.encoding.task import Output, Task
    from nsdcodec.errors import NsdError
    from nsdcodec.evaluation.accuracy import evaluate
    from nsdcodec.export.formats import export
    from nsdcodec.format.comparison import compare
    from nsdcodec.format.container.file import NSDFile, read
    from nsdcodec.format.conversion import convert
    from nsdcodec.format.geometry import Geometry
    from nsdcodec.format.recipe import NetworkSpec, Normalization, TrainingRecipe
    from nsdcodec.format.verification import verify
    from nsdcodec.learning.compute import Compute
    from nsdcodec.learning.networks import build as build_network
    from nsdcodec.sources import Source, Split, normalize
    from nsdcodec.sources import load as load_source

__all__ = [
    "DSA",
    "Budget",
    "Compute",
    "Geometry",
    "Joined",
    "NSDDataset",
    "NSDFile",
    "NetworkSpec",
    "Normalization",
    "NsdError",
    "Output",
    "Part",
    "Seeded",
    "Source",
    "Split",
    "Task",
    "TrainingRecipe",
    "__version__",
    "build_network",
    "compare",
    "convert",
    "encode",
    "errors",
    "evaluate",
    "export",
    "load_source",
    "normalize",
    "read",
    "settings_for",
    "verify",
]

# Where each public name is defined: the module, and the name there if it is another one.
_HOMES = {
    "Budget": "nsdcodec.encoding.budget",
    "Compute": "nsdcodec.learning.compute",
    "DSA": "nsdcodec.data.transforms",
    "Geometry": "nsdcodec.format.geometry",
    "Joined": "nsdcodec.data.subsets",
    "NSDDataset": "nsdcodec.data.dataset",
    "NSDFile": "nsdcodec.format.container.file",
    "NetworkSpec": "nsdcodec.format.recipe",
    "Normalization": "nsdcodec.format.recipe",
    "NsdError": "nsdcodec.errors",
    "Output": "nsdcodec.encoding.task",
    "Part": "nsdcodec.data.subsets",
    "Seeded": "nsdcodec.data.transforms",
    "Source": "nsdcodec.sources.base",
    "Split": "nsdcodec.sources.base",
    "Task": "nsdcodec.encoding.task",
    "TrainingRecipe": "nsdcodec.format.recipe",
    "build_network": "nsdcodec.learning.networks:build",
    "compare": "nsdcodec.format.comparison",
    "convert": "nsdcodec.format.conversion",
    "encode": "nsdcodec.encoding.encoder",
    "evaluate": "nsdcodec.evaluation.accuracy",
    "export": "nsdcodec.export.formats",
    "load_source": "nsdcodec.sources:load",
    "normalize": "nsdcodec.sources.base",
    "read": "nsdcodec.format.container.file",
    "settings_for": "nsdcodec.encoding.recipes",
    "verify": "nsdcodec.format.verification",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("nsdcodec.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'nsdcodec' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute or name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps `nsdcodec.encode` and `nsdcodec.export` functions. Importing a submodule of one of these names (`python -m
    nsdcodec.encode`, or the folder `export`) would put the module in the function's place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
