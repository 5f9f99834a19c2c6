"""Normalised images to uint8 pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.format.recipe import Normalization
from nsdcodec.system.devices import on_device


def to_pixels(images: Tensor, normalization: Normalization) -> Tensor:
    """Normalised images [n, C, H, W] -> uint8 pixels, rounded, cut off at 0 and 255."""
    images = images if images.dtype == torch.float64 else images.float()
    return rounded(images, *mean_and_std(normalization, images.device, images.dtype))


def rounded(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """As `to_pixels`, with the numbers of `mean_and_std`, in the type of the images."""
    return ((images * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)


def mean_and_std(
    normalization: Normalization, device: torch.device, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    """Each [C, 1, 1] of this dtype."""
    values = (torch.tensor(numbers, dtype=dtype) for numbers in (normalization.mean, normalization.std))
    mean, std = (on_device(each, device) for each in values)
    return mean[:, None, None], std[:, None, None]
