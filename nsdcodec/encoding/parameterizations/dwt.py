"""dwt: the coarse corner of each image's Haar wavelets (NSD section 4.4). Spec: spec/parameterizations/dwt.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.per_image import Corner
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.system.devices import on_device


@dataclass(frozen=True)
class DWT(Corner):
    """The corner's four bands are LL, LH, HL and HH: its coarse and its fine half in height and in width. In training,
    each of the last three is kept with the probability `band_share` in each iteration, so that every band learns to
    stand without the others; the paper samples "some frequency bands at a time" and gives no number. LL always stays:
    without it no image is left."""

    band_share: float = 0.5

    name: ClassVar[str] = "dwt"
    basis: ClassVar[str] = "haar"
    of_training: ClassVar[frozenset[str]] = frozenset({"band_share"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.band_share <= 1:
            raise InvalidSetting(f"dwt: band_share is {self.band_share}; it must be above 0 and at most 1")

    def sides(self, geometry: Geometry, budget: Budget) -> tuple[int, int]:
        """Powers of two, so that the finest band is whole: the nearest to the planned ones."""
        if self.size is not None:
            return super().sides(geometry, budget)
        height, width = super().sides(geometry, budget)
        return 1 << round(math.log2(height)), 1 << round(math.log2(width))

    def in_training(self, arrays: Mapping[str, Tensor], generator: torch.Generator) -> Mapping[str, Tensor]:
        spectrum = arrays["spectrum"]
        height, width = spectrum.shape[-2:]
        kept = torch.rand(3, generator=generator) < self.band_share
        bands = torch.ones(height, width)
        coarse_rows, coarse_columns = (height + 1) // 2, (width + 1) // 2
        bands[:coarse_rows, coarse_columns:] = kept[0]
        bands[coarse_rows:, :coarse_columns] = kept[1]
        bands[coarse_rows:, coarse_columns:] = kept[2]
        return {**arrays, "spectrum": spectrum * on_device(bands, spectrum.device).to(spectrum.dtype)}
