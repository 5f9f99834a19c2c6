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

from nsdcodec import synthesis
from nsdcodec.bases import basis
from nsdcodec.budget import Budget
from nsdcodec.errors import InvalidSetting, OverBudget
from nsdcodec.geometry import Geometry
from nsdcodec.layout import DTYPES, MAX_IMAGES, ArraySpec, Layout, Synthesis
from nsdcodec.parameterizations.base import HEADER_RESERVE, DrawReal, Parameterization, admits, largest

READINGS = ("A", "B", "C")
# How many images a class the planner of B and C aims at, as a share of a slice's elements (so that the batch kernel
# takes a fifth of the budget), and the bounds on it; and how many more images than slices there must be.
IMAGES_SHARE, FEWEST, MOST, SPREAD = 0.29, 4, 100, 1.15


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
        if self.reading not in READINGS:
            raise InvalidSetting(f"nsd: reading is {self.reading!r}; it can be {', '.join(READINGS)}")
        if self.basis not in ("dct", "bilinear"):
            raise InvalidSetting(f"nsd: basis is {self.basis!r}; it can be dct or bilinear")
        for name in ("slices", "size", "images_per_class", "kernels", "spectra_per_class", "groups"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidSetting(f"nsd: {name} is {value}; it must be at least 1")

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        def fits(slices: int) -> bool:
            try:
                return admits(budget, self._layout(geometry, budget, slices))
            except InvalidSetting:  # more images than a file can hold
                return False

        if self.slices is not None:
            layout = self._layout(geometry, budget, self.slices)
            fewer = largest(fits, self.slices)
            remedy = f"lower slices to {fewer} or raise --ipc" if fewer else "raise --ipc"
            budget.require(f"nsd with {self.slices} slices", layout.elements, layout.nbytes + HEADER_RESERVE, remedy)
            return layout
        slices = largest(fits, 1 << 16)
        if slices == 0:
            one = self._layout(geometry, budget, 1)
            held = f"{budget.elements:,} elements" if budget.elements else f"{budget.file_bytes:,} bytes"
            raise OverBudget(
                f"nsd: a slice takes {one.elements:,} elements ({one.nbytes + HEADER_RESERVE:,} bytes); the budget is "
                f"{held}; raise --ipc, or lower size ({one.coefficient_shape[2]}) or images_per_class"
            )
        return self._layout(geometry, budget, slices)

    def initial(self, layout: Layout, real: DrawReal, generator: torch.Generator) -> dict[str, Tensor]:
        arrays = {role: _noise(role, spec.shape, generator) for role, spec in layout.arrays.items()}
        if self.init == "noise":
            return arrays
        for role, axis in (("channel_kernel", 1), ("height_kernel", 2), ("width_kernel", 3)):
            start = self._start(layout, axis)
            # Kernels of their own need different values, or they would stay alike for ever.
            spread = 0.05 * start.square().mean().sqrt() if layout.kernels > 1 and len(arrays[role]) > 1 else 0.0
            arrays[role] = start + spread * torch.randn(arrays[role].shape, generator=generator)
        factors = [
            _factor(self._analyse(layout, real(wanted).cpu()), layout.coefficient_shape[0], generator)
            for wanted in synthesis.labels(layout, {}).view(layout.spectra, -1)
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
        size_h, size_w = self._size(geometry, budget)
        slice_shape = (geometry.channels, size_h, size_w)
        if self.reading == "A":
            spectra, pairing = geometry.classes * self.spectra_per_class, "product"
            kernels = shared = self.kernels
            per_class = self.images_per_class or 4 * slices * kernels * self.spectra_per_class
            columns = max(1, round(per_class / (kernels * self.spectra_per_class)))
        else:
            groups = 1 if self.reading == "B" else self.groups or max(1, round(geometry.classes / 10))
            if groups > geometry.classes:
                raise InvalidSetting(f"nsd: {groups} groups for {geometry.classes} classes; lower groups")
            spectra, kernels, shared, pairing = groups, groups, 1, "zip" if groups > 1 else "product"
            columns = self._images(geometry, math.prod(slice_shape), slices, groups)
        images = columns * (kernels * spectra if pairing == "product" else spectra)
        if images > MAX_IMAGES:
            raise InvalidSetting(
                f"nsd: {images:,} images; a file holds at most {MAX_IMAGES:,}: lower slices or images_per_class"
            )
        arrays = {
            "spectrum": (spectra, slices, *slice_shape),
            "batch_kernel": (kernels, slices, columns),
            "channel_kernel": (shared, geometry.channels, geometry.channels),
            "height_kernel": (shared, size_h, geometry.height),
            "width_kernel": (shared, size_w, geometry.width),
        }
        return Layout(
            geometry,
            Synthesis("stored", "stored", "stored", "stored", pairing),
            {role: ArraySpec(self.dtype, shape) for role, shape in arrays.items()},
        )

    def _size(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        """NSD section 4.1: half of the resolution up to IPC 10, seven eighths above."""
        if self.size is not None:
            return min(self.size, geometry.height), min(self.size, geometry.width)
        limits = [budget.elements, budget.file_bytes and budget.file_bytes / DTYPES[self.dtype]]
        elements = min(limit for limit in limits if limit is not None)
        share = 0.5 if elements <= 10 * geometry.classes * geometry.image_elements else 0.875
        return math.ceil(geometry.height * share), math.ceil(geometry.width * share)

    def _images(self, geometry: Geometry, slice_elements: int, slices: int, groups: int) -> int:
        """u1 of a group for B and C: grows with the slices, since with as many columns as slices nothing is shared."""
        classes = math.ceil(geometry.classes / groups)
        if self.images_per_class is not None:
            return self.images_per_class * classes
        share = min(MOST, max(FEWEST, round(IMAGES_SHARE * slice_elements / classes)))
        return classes * max(share, math.ceil(SPREAD * slices / classes))

    def _start(self, layout: Layout, axis: int) -> Tensor:
        size = (layout.geometry.channels, layout.geometry.height, layout.geometry.width)[axis - 1]
        named = "identity" if axis == 1 else self.basis
        return torch.tensor(basis(named, layout.coefficient_shape[axis], size)).float()

    def _analyse(self, layout: Layout, images: Tensor) -> Tensor:
        """Coefficients [n, t2 t3 t4] of images [n, C, H, W] in the starting kernels, by least squares."""
        values = images @ torch.linalg.pinv(self._start(layout, 3))
        values = (values.mT @ torch.linalg.pinv(self._start(layout, 2))).mT
        coefficients: Tensor = values.flatten(1)
        return coefficients


def _factor(matrix: Tensor, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """slices [rank, D] and columns [rank, n] with columns' slices near the matrix [n, D]: its truncated SVD, the
    singular values shared out so that both factors have the same scale. Each component points where its images are on
    the whole: an SVD's own signs are arbitrary, and readings that share columns would start classes as negatives."""
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    signs = torch.where(u.sum(dim=0) < 0, -1.0, 1.0)
    u, v = u * signs, v * signs[:, None]
    kept = min(rank, len(s))
    balance = s[:kept].sqrt() * (matrix.shape[1] / matrix.shape[0]) ** 0.25
    slices = balance[:, None] * v[:kept]
    columns = (s[:kept] / balance)[:, None] * u[:, :kept].T
    if kept < rank:  # more slices than images: the rest start as faint noise
        extra = 0.01 * torch.randn(rank - kept, matrix.shape[1] + matrix.shape[0], generator=generator)
        slices = torch.cat([slices, extra[:, : matrix.shape[1]] * slices.std()])
        columns = torch.cat([columns, extra[:, matrix.shape[1] :] * columns.std()])
    return slices, columns


def _noise(role: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normal values; kernels scaled so that images have unit variance."""
    scale = 1.0 if role == "spectrum" else shape[1] ** -0.5
    return scale * torch.randn(shape, generator=generator)
