"""pixel: the images themselves. The baseline of every table. Spec: spec/parameterizations/pixel.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.budget import Budget
from nsdcodec.geometry import Geometry
from nsdcodec.parameterizations.per_image import PerImage


@dataclass(frozen=True)
class Pixel(PerImage):
    name: ClassVar[str] = "pixel"
    basis: ClassVar[str] = "identity"

    def sides(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        return geometry.height, geometry.width
