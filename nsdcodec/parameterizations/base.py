"""What a parameterization is: a layout for a budget, and initial values of its arrays. It has no decoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.budget import Budget
from nsdcodec.errors import InvalidSetting
from nsdcodec.geometry import Geometry
from nsdcodec.layout import FLOATS, Layout

# What a planner sets aside, of a budget in bytes, for the header; the encoder measures the real one before training.
HEADER_RESERVE = 2_560

# labels [n] -> real images [n, C, H, W] of those classes, normalised.
DrawReal = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Parameterization(ABC):
    """`dtype` is the stored type of the arrays; `init` is "real" (from real images) or "noise"."""

    dtype: str = "float16"
    init: str = "real"

    name: ClassVar[str]

    def __post_init__(self) -> None:
        if self.dtype not in FLOATS:
            raise InvalidSetting(f"{self.name}: dtype is {self.dtype!r}; it can be {' or '.join(FLOATS)}")
        if self.init not in ("real", "noise"):
            raise InvalidSetting(f"{self.name}: init is {self.init!r}; it can be real or noise")

    @abstractmethod
    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        """The exact arrays and their stored types. Raises OverBudget, with the remedy, where nothing fits."""

    @abstractmethod
    def initial(self, layout: Layout, real: DrawReal, generator: torch.Generator) -> dict[str, Tensor]:
        """Initial float32 values of every float array."""


def largest(fits: Callable[[int], bool], limit: int) -> int:
    """The largest n in 1 to limit for which `fits` holds, 0 where none does; `fits` never holds again once it fails."""
    low, high = 0, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def admits(budget: Budget, layout: Layout) -> bool:
    return budget.admits(layout.elements, layout.nbytes + HEADER_RESERVE)
