"""Normalised images to uint8 pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.format.recipe import Normalization
from nsdcodec.system.devices import on_device


def to_pixels(images: Tensor, normalization: Normalization) -> Tensor:
    """Normalised images [n, C, H, W] -> uint8 pixels, rounded, cut off at 0 and 255."""
    mean, std = mean_and_std(normalization, images.device)
    return ((images.float() * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)


def mean_and_std(normalization: Normalization, device: torch.device) -> tuple[Tensor, Tensor]:
    """Each float32 [C, 1, 1]."""
    mean, std = (on_device(torch.tensor(values), device) for values in (normalization.mean, normalization.std))
    return mean[:, None, None], std[:, None, None]
