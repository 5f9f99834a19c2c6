"""Parameterizations in which each image has its own coefficients [C, t3, t4] in a basis of height and width.

This is the shared part of pixel, dct, ldct, dwt and idc, which differ in the basis and in the number of coefficients.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.base import Parameterization, RealImages
from nsdcodec.encoding.parameterizations.planning import coefficient_share, fits, largest, require_fit
from nsdcodec.encoding.parameterizations.projection import coefficients, energy, named
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout, Synthesis


@dataclass(frozen=True)
class PerImage(Parameterization):
    """As many images as the budget holds, spread over the classes as evenly as their number allows."""

    basis: ClassVar[str]
    # Whether the kernels of height and width begin as the basis and are then stored and optimised.
    learned: ClassVar[bool] = False

    @abstractmethod
    def sides(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        """(t3, t4)."""

    @property
    def smaller(self) -> str:
        """What makes an image take less, for messages; "" where nothing does."""
        return ""

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        def smallest(held: Budget) -> Layout:
            return self._layout(geometry, self.sides(geometry, held), geometry.classes)

        require_fit(self.name, geometry, budget, smallest, self.smaller)
        sides = self.sides(geometry, budget)
        images = largest(lambda n: fits(budget, lambda: self._layout(geometry, sides, n)), MAX_IMAGES)
        return self._layout(geometry, sides, images)

    def initial(self, layout: Layout, real: RealImages, generator: torch.Generator) -> dict[str, Tensor]:
        _, _, t3, t4 = layout.coefficient_shape
        height, width = named(self.basis, t3, layout.geometry.height), named(self.basis, t4, layout.geometry.width)
        kernels = {"height_kernel": height[None], "width_kernel": width[None]} if self.learned else {}
        if self.init == "noise":
            # Scaled so that images have unit variance.
            spectrum = torch.randn(layout.arrays["spectrum"].shape, generator=generator)
            return {"spectrum": spectrum / (energy(height) * energy(width)) ** 0.5} | kernels
        images = real.draw(synthesis.balanced_labels(layout)).cpu()
        values = images if self.basis == "identity" else coefficients(images, height, width)
        return {"spectrum": values[None]} | kernels

    def _layout(self, geometry: Geometry, sides: tuple[int, int], images: int) -> Layout:
        shapes: dict[str, tuple[int, ...]] = {"spectrum": (1, images, geometry.channels, *sides)}
        if self.learned:
            shapes |= {"height_kernel": (1, sides[0], geometry.height), "width_kernel": (1, sides[1], geometry.width)}
        kind = "stored" if self.learned else self.basis
        return self.laid_out(geometry, Synthesis(height=kind, width=kind), shapes)


@dataclass(frozen=True)
class Corner(PerImage):
    """The `size` x `size` coefficients of lowest frequency; planned where None: FreD's share of them, as a square."""

    size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("size")

    @property
    def smaller(self) -> str:
        return "lower size"

    def sides(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        if self.size is not None:
            return min(self.size, geometry.height), min(self.size, geometry.width)
        share = coefficient_share(geometry, budget, self.dtype) ** 0.5
        return max(1, round(geometry.height * share)), max(1, round(geometry.width * share))
