"""nsd: spectrum tensors times separable stored kernels (NSD Eq. 1 to 3). Spec: spec/parameterizations/nsd.md.

The paper leaves the number of spectra and kernels and the place of the labels open. Three readings fit its text:

- A: each class owns its spectrum tensors; N_K kernels are shared by all classes, paired with every spectrum.
- B: one spectrum tensor for all classes; column n of its dense batch kernel t1 x u1 is image n, and has its label.
- C: `groups` of classes, each as B; the kernels of channel, height and width are shared by all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.base import Parameterization, RealImages
from nsdcodec.encoding.parameterizations.planning import (
    HEADER_RESERVE,
    bytes_decide,
    fits,
    images_a_class,
    largest,
    require_fit,
)
from nsdcodec.encoding.parameterizations.projection import coefficients, factored, named
from nsdcodec.errors import InvalidSetting
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout, Pairing, Synthesis

READINGS = ("A", "B", "C")
# How many images a class the planner of B and C aims at where the elements are the limit, as a share of a slice's
# elements (so that the batch kernel takes a fifth of the budget), and the bounds on it; and how many more images than
# slices there must be.
IMAGES_SHARE, FEWEST, MOST, SPREAD = 0.29, 4, 100, 1.15
# Images for each slice where the bytes of the file are: as many as were best at 24 and 98 kbit a class of
# CIFAR-10 (benchmarks/RESULTS.md, "What tells at 24 and 98 kbit a class").
IMAGES_A_SLICE = 15


@dataclass(frozen=True)
class NSD(Parameterization):
    """`slices` t1, `size` t3 = t4, `images_per_class`, `kernels` N_K (A), `spectra_per_class` N_T (A) and `groups` (C)
    are planned to fill the budget where None. `basis` is where the kernels of height and width start: dct or bilinear.
    """

    reading: str = "B"
    slices: int | None = None
    size: int | None = None
    images_per_class: int | None = None
    kernels: int = 6
    spectra_per_class: int = 1
    groups: int | None = None
    basis: str = "dct"

    name: ClassVar[str] = "nsd"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_choice("reading", READINGS)
        self.require_choice("basis", ("dct", "bilinear"))
        self.require_positive("slices", "size", "images_per_class", "kernels", "spectra_per_class", "groups")

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        def holds(slices: int) -> bool:
            return fits(budget, lambda: self._layout(geometry, budget, slices))

        if self.slices is not None:
            layout = self._layout(geometry, budget, self.slices)
            fewer = largest(holds, self.slices)
            remedy = f"lower slices to {fewer} or raise --ipc" if fewer else "raise --ipc"
            budget.require(f"nsd with {self.slices} slices", layout.elements, layout.nbytes + HEADER_RESERVE, remedy)
            return layout
        require_fit(
            "nsd", geometry, budget, lambda held: self._layout(geometry, held, 1), "lower size or images_per_class"
        )
        return self._layout(geometry, budget, largest(holds, 1 << 16))

    def initial(self, layout: Layout, real: RealImages, generator: torch.Generator) -> dict[str, Tensor]:
        roles = [role for role in layout.arrays if role != "labels"]
        arrays = {role: _noise(role, layout.arrays[role].shape, generator) for role in roles}
        if self.init == "noise":
            return arrays
        for role, axis in (("channel_kernel", 1), ("height_kernel", 2), ("width_kernel", 3)):
            start = self._start(layout, axis)
            # Kernels of their own need different values, or they would stay alike for ever.
            spread = 0.05 * start.square().mean().sqrt() if layout.kernels > 1 and len(arrays[role]) > 1 else 0.0
            arrays[role] = start + spread * torch.randn(arrays[role].shape, generator=generator)
        factors = [
            factored(self._analyse(layout, images), layout.coefficient_shape[0], generator)
            # Drawn at once, so that no image begins two spectra.
            for images in real.draw(synthesis.balanced_labels(layout)).cpu().chunk(layout.spectra)
        ]
        arrays["spectrum"] = torch.stack([slices for slices, _ in factors]).view(layout.arrays["spectrum"].shape)
        columns = [columns for _, columns in factors]
        if self.reading == "A":
            # Each class has its own slices, and all share the columns: drawn like those that the classes would have.
            every = torch.cat(columns, dim=1)
            noise = torch.randn(arrays["batch_kernel"].shape, generator=generator)
            arrays["batch_kernel"] = every.mean(dim=1)[None, :, None] + every.std(dim=1)[None, :, None] * noise
        else:
            arrays["batch_kernel"] = torch.stack(columns)
        return arrays

    def _layout(self, geometry: Geometry, budget: Budget, slices: int) -> Layout:
        pairing: Pairing = "product"
        size_h, size_w = self._size(geometry, budget)
        slice_shape = (geometry.channels, size_h, size_w)
        if self.reading == "A":
            spectra = geometry.classes * self.spectra_per_class
            kernels = shared = self.kernels
            planned = 4 * slices * kernels * self.spectra_per_class
            per_class = self.images_per_class or budget.at_most_images(planned)
            columns = max(1, round(per_class / (kernels * self.spectra_per_class)))
        else:
            groups = 1 if self.reading == "B" else self.groups or max(1, round(geometry.classes / 10))
            if groups > geometry.classes:
                raise InvalidSetting(f"nsd: {groups} groups for {geometry.classes} classes; lower groups")
            spectra, kernels, shared = groups, groups, 1
            pairing = "zip" if groups > 1 else "product"
            columns = self._images(geometry, budget, math.prod(slice_shape), slices, groups)
        images = columns * (kernels * spectra if pairing == "product" else spectra)
        if images > MAX_IMAGES:
            raise InvalidSetting(
                f"nsd: {images:,} images; a file holds at most {MAX_IMAGES:,}: lower slices or images_per_class"
            )
        shapes = {
            "spectrum": (spectra, slices, *slice_shape),
            "batch_kernel": (kernels, slices, columns),
            "channel_kernel": (shared, geometry.channels, geometry.channels),
            "height_kernel": (shared, size_h, geometry.height),
            "width_kernel": (shared, size_w, geometry.width),
        }
        return self.laid_out(geometry, Synthesis("stored", "stored", "stored", "stored", pairing), shapes)

    def _size(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        """NSD section 4.1: half of the resolution up to IPC 10, seven eighths above."""
        if self.size is not None:
            return min(self.size, geometry.height), min(self.size, geometry.width)
        share = 0.5 if images_a_class(geometry, budget, self.dtype) <= 10 else 0.875
        return math.ceil(geometry.height * share), math.ceil(geometry.width * share)

    def _images(self, geometry: Geometry, budget: Budget, slice_elements: int, slices: int, groups: int) -> int:
        """u1 of a group for B and C: grows with the slices, since with as many columns as slices nothing is shared."""
        classes = math.ceil(geometry.classes / groups)
        if self.images_per_class is not None:
            return self.images_per_class * classes
        if bytes_decide(budget, self.dtype):
            planned = math.ceil(IMAGES_A_SLICE * slices / classes)
        else:
            planned = min(MOST, max(FEWEST, round(IMAGES_SHARE * slice_elements / classes)))
        return classes * max(budget.at_most_images(planned), math.ceil(SPREAD * slices / classes))

    def _start(self, layout: Layout, axis: int) -> Tensor:
        size = (layout.geometry.channels, layout.geometry.height, layout.geometry.width)[axis - 1]
        return named("identity" if axis == 1 else self.basis, layout.coefficient_shape[axis], size)

    def _analyse(self, layout: Layout, images: Tensor) -> Tensor:
        """Coefficients [n, t2 t3 t4] of images [n, C, H, W] in the starting kernels."""
        return coefficients(images, self._start(layout, 2), self._start(layout, 3)).flatten(1)


def _noise(role: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normal values; kernels scaled so that images have unit variance."""
    scale = 1.0 if role == "spectrum" else shape[1] ** -0.5
    return scale * torch.randn(shape, generator=generator)
