"""memory: addressable memories (Deng and Russakovsky, NeurIPS 2022): small bases that all classes share, and an
addressing of them for each image. Spec: spec/parameterizations/memory.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.parameterizations.factored import Factored
from nsdcodec.format.geometry import Geometry


@dataclass(frozen=True)
class Memory(Factored):
    """Bases are `factor` times smaller than images and enlarged bilinearly; 1 is full size. The published addressing
    matrix A_i [classes, bases] of each of r rounds is here a row a class of the batch kernel: the same numbers."""

    factor: int = 2

    name: ClassVar[str] = "memory"
    kernel_share: ClassVar[float] = 0.22

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("factor")

    @property
    def basis(self) -> str:
        return "identity" if self.factor == 1 else "bilinear"

    def sides(self, geometry: Geometry) -> tuple[int, int]:
        return math.ceil(geometry.height / self.factor), math.ceil(geometry.width / self.factor)
