"""idc: images of a lower resolution, enlarged by bilinear interpolation (Kim et al., ICML 2022).
Spec: spec/parameterizations/idc.md."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.per_image import PerImage
from nsdcodec.format.geometry import Geometry


@dataclass(frozen=True)
class IDC(PerImage):
    """`factor` times smaller in height and width: IDC's factor 2 or 3. The published method tiles the small images into
    images of full size; here each stands for itself, which is the same values."""

    factor: int = 2

    name: ClassVar[str] = "idc"
    basis: ClassVar[str] = "bilinear"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("factor")

    @property
    def smaller(self) -> str:
        return "raise factor"

    def sides(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        return math.ceil(geometry.height / self.factor), math.ceil(geometry.width / self.factor)
