"""Parameterizations in which every image is a mixture of bases that all images share: a batch kernel times bases.

This is the shared part of svd, lsvd and memory. nsd, which stores the kernels of the other axes too, does not use it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.base import Parameterization, RealImages
from nsdcodec.encoding.parameterizations.planning import fits, largest, require_fit
from nsdcodec.encoding.parameterizations.projection import coefficients, energy, factored, named
from nsdcodec.errors import InvalidSetting
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout, Synthesis


@dataclass(frozen=True)
class Factored(Parameterization):
    """`bases` t1 and `images_per_class` are planned to fill the budget where None: as many bases as leave room for a
    batch kernel of the parameterization's share, then as many images as fit. Column n of the batch kernel is image
    n."""

    bases: int | None = None
    images_per_class: int | None = None

    # What part of the budget the batch kernel takes, about.
    kernel_share: ClassVar[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("bases", "images_per_class")

    @property
    def basis(self) -> str:
        """That of height and width."""
        return "identity"

    def sides(self, geometry: Geometry) -> tuple[int, int]:
        """(t3, t4) of one of the bases."""
        return geometry.height, geometry.width

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        def holds(bases: int, images: int) -> bool:
            return fits(budget, lambda: self._layout(geometry, bases, images))

        least = self._layout(geometry, self.bases or 1, self._planned(geometry, budget, self.bases or 1))
        require_fit(self.name, geometry, budget, lambda _: least, "lower bases or images_per_class")
        bases = self.bases or largest(lambda n: holds(n, self._planned(geometry, budget, n)), 1 << 16)
        images = self._planned(geometry, budget, bases)
        if self.images_per_class is None:
            images = max(images, largest(lambda n: holds(bases, n), budget.at_most_images(2 * images)))
        return self._layout(geometry, bases, images)

    def initial(self, layout: Layout, real: RealImages, generator: torch.Generator) -> dict[str, Tensor]:
        geometry, shapes = layout.geometry, {role: spec.shape for role, spec in layout.arrays.items()}
        _, bases, _, t3, t4 = shapes["spectrum"]
        height, width = named(self.basis, t3, geometry.height), named(self.basis, t4, geometry.width)
        if self.init == "noise":
            # Scaled so that images have unit variance.
            scale = (bases * energy(height) * energy(width)) ** -0.5
            return {
                "spectrum": torch.randn(shapes["spectrum"], generator=generator),
                "batch_kernel": scale * torch.randn(shapes["batch_kernel"], generator=generator),
            }
        images = real.draw(synthesis.balanced_labels(layout)).cpu()
        values = images if self.basis == "identity" else coefficients(images, height, width)
        slices, columns = factored(values.flatten(1), bases, generator)
        return {"spectrum": slices.view(shapes["spectrum"]), "batch_kernel": columns[None]}

    def _planned(self, geometry: Geometry, budget: Budget, bases: int) -> int:
        """Images a class; more of them than bases, or nothing would be shared."""
        if self.images_per_class is not None:
            return self.images_per_class
        basis_elements = geometry.channels * math.prod(self.sides(geometry))
        by_share = self.kernel_share / (1 - self.kernel_share) * basis_elements / geometry.classes
        return max(1, budget.at_most_images(math.floor(by_share)), math.ceil(1.15 * bases / geometry.classes))

    def _layout(self, geometry: Geometry, bases: int, images_per_class: int) -> Layout:
        sides, images = self.sides(geometry), geometry.classes * images_per_class
        if images > MAX_IMAGES:
            raise InvalidSetting(f"{self.name}: {images:,} images; a file holds {MAX_IMAGES:,}: lower images_per_class")
        shapes = {"spectrum": (1, bases, geometry.channels, *sides), "batch_kernel": (1, bases, images)}
        return self.laid_out(geometry, Synthesis("stored", height=self.basis, width=self.basis), shapes)
