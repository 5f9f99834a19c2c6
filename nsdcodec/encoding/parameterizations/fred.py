"""fred: for each class, the frequencies that explain most of its variance (FreD, NeurIPS 2023).
Spec: spec/parameterizations/fred.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.base import Parameterization, RealImages
from nsdcodec.encoding.parameterizations.planning import coefficient_share, fits, images_a_class, largest, require_fit
from nsdcodec.encoding.parameterizations.projection import fourier, named
from nsdcodec.errors import InvalidSetting
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout, Synthesis

FOURIER = "fourier"
TRANSFORMS = ("dct", "dct4", "haar", FOURIER)


@dataclass(frozen=True)
class FreD(Parameterization):
    """`images_per_class` instances of `coefficients` k values a channel, both planned where None: the instances by
    FreD's table, k to fill the budget, the mask of a class counted. `mask_from` is what the explained variance is
    estimated from: "real", all training images of the class, or "samples", only those that the instances begin as (as
    in FreD's repository). The bases of `transform` are named in the file; that of fourier is stored, and counted."""

    images_per_class: int | None = None
    coefficients: int | None = None
    transform: str = "dct"
    mask_from: str = "real"

    name: ClassVar[str] = "fred"
    fixed: ClassVar[frozenset[str]] = frozenset({"mask", "height_kernel", "width_kernel"})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("images_per_class", "coefficients")
        self.require_choice("transform", TRANSFORMS)
        self.require_choice("mask_from", ("real", "samples"))

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        places = geometry.height * geometry.width
        if self.coefficients is not None and self.coefficients > places:
            raise InvalidSetting(f"fred: coefficients is {self.coefficients}; {places} are all of an image: lower it")
        smallest = self._layout(geometry, self.images_per_class or 1, self.coefficients or 1)
        require_fit(self.name, geometry, budget, lambda _: smallest, "lower coefficients or images_per_class")
        images = self.images_per_class
        if images is None and self.coefficients is not None:
            most = max(1, MAX_IMAGES // geometry.classes)
            images = largest(lambda n: fits(budget, lambda: self._layout(geometry, n, self.coefficients or 1)), most)
        elif images is None:
            share = coefficient_share(geometry, budget, self.dtype)
            images = budget.at_most_images(max(1, round(images_a_class(geometry, budget, self.dtype) / share)))
            images = min(images, largest(lambda n: fits(budget, lambda: self._layout(geometry, n, 1)), images))
        k = self.coefficients or largest(lambda k: fits(budget, lambda: self._layout(geometry, images, k)), places)
        return self._layout(geometry, images, k)

    def initial(self, layout: Layout, real: RealImages, generator: torch.Generator) -> dict[str, Tensor]:
        shape, geometry = layout.arrays["spectrum"].shape, layout.geometry
        classes, instances, _, k = shape
        samples: tuple[Tensor, ...] = ()
        if self.init != "noise" or self.mask_from == "samples":
            samples = self._frequencies(real.draw(synthesis.balanced_labels(layout))).cpu().split(instances)
        masks = torch.stack(
            [
                most_explained(self._frequencies(real.of_class(i)) if self.mask_from == "real" else samples[i], k)
                for i in range(classes)
            ]
        )
        if self.init == "noise":
            # Scaled so that images have unit variance.
            spectrum = torch.randn(shape, generator=generator) * (geometry.height * geometry.width / k) ** 0.5
        else:
            spectrum = torch.stack([sample[:, :, mask] for sample, mask in zip(samples, masks, strict=True)])
        arrays = {"spectrum": spectrum, "mask": masks}
        if self.transform == FOURIER:
            rows, columns = self._bases(geometry.height, geometry.width)
            arrays |= {"height_kernel": rows[None], "width_kernel": columns[None]}
        return arrays

    def _frequencies(self, images: Tensor) -> Tensor:
        """All frequencies [n, C, H, W] of images [n, C, H, W]; the transforms are orthonormal."""
        rows, columns = self._bases(*images.shape[-2:])
        return rows.to(images.device) @ images @ columns.to(images.device).T

    def _bases(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        rows, columns = (
            fourier(side) if self.transform == FOURIER else named(self.transform, side, side)
            for side in (height, width)
        )
        return rows, columns

    def _layout(self, geometry: Geometry, images: int, k: int) -> Layout:
        sides = height, width = geometry.height, geometry.width
        shapes: dict[str, tuple[int, ...]] = {"spectrum": (geometry.classes, images, geometry.channels, k)}
        basis = self.transform
        if basis == FOURIER:
            shapes |= {"height_kernel": (1, height, height), "width_kernel": (1, width, width)}
            basis = "stored"
        return self.laid_out(geometry, Synthesis(height=basis, width=basis), shapes, mask=(geometry.classes, *sides))


def most_explained(frequencies: Tensor, k: int) -> Tensor:
    """The mask bool [H, W] of the k places with the largest variance over the images of frequencies [n, C, H, W],
    summed over channels: those of highest explained variance ratio, whose denominator is one for all places. The lower
    place, row by row, of equals. One image has no variance: its squares stand in."""
    centred = frequencies - frequencies.mean(dim=0) if len(frequencies) > 1 else frequencies
    explained = centred.square().sum(dim=(0, 1)).cpu()
    mask = torch.zeros(explained.numel(), dtype=torch.bool)
    mask[explained.flatten().argsort(descending=True, stable=True)[:k]] = True
    return mask.view(explained.shape)
