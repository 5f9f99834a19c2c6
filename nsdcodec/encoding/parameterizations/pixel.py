"""pixel: the images themselves. The baseline of every table. Spec: spec/parameterizations/pixel.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.per_image import PerImage
from nsdcodec.format.geometry import Geometry


@dataclass(frozen=True)
class Pixel(PerImage):
    name: ClassVar[str] = "pixel"
    basis: ClassVar[str] = "identity"

    def sides(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        return geometry.height, geometry.width
