"""pixel: the images themselves. The baseline of every table. Spec: spec/parameterizations/pixel.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec import synthesis
from nsdcodec.budget import Budget
from nsdcodec.errors import OverBudget
from nsdcodec.geometry import Geometry
from nsdcodec.layout import ArraySpec, Layout, Synthesis
from nsdcodec.parameterizations.base import DrawReal, Parameterization, admits, largest


@dataclass(frozen=True)
class Pixel(Parameterization):
    """As many images as the budget holds, spread over the classes as evenly as their number allows."""

    name: ClassVar[str] = "pixel"

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        images = largest(lambda n: admits(budget, self._layout(geometry, n)), 1 << 24)
        if images < geometry.classes:
            raise OverBudget(
                f"pixel: {images} images of {geometry.image_elements:,} elements fit, fewer than the "
                f"{geometry.classes} classes; raise --ipc to 1 or --bits-per-class, or use another parameterization"
            )
        return self._layout(geometry, images)

    def initial(self, layout: Layout, real: DrawReal, generator: torch.Generator) -> dict[str, Tensor]:
        shape = layout.arrays["spectrum"].shape
        if self.init == "noise":
            return {"spectrum": torch.randn(shape, generator=generator)}
        return {"spectrum": real(synthesis.labels(layout, {})).cpu().view(shape)}

    def _layout(self, geometry: Geometry, images: int) -> Layout:
        shape = (1, images, geometry.channels, geometry.height, geometry.width)
        return Layout(geometry, Synthesis(), {"spectrum": ArraySpec(self.dtype, shape)})
