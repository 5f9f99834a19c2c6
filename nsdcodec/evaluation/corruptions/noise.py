"""Noise: gaussian, shot, impulse. Images [n, C, H, W] in 0 to 1; parameters of CIFAR-10-C."""

from __future__ import annotations

import torch
from torch import Tensor


def gaussian_noise(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """Independent normal noise on every value."""
    deviation = (0.04, 0.06, 0.08, 0.09, 0.10)[severity - 1]
    return images + deviation * torch.randn(images.shape, generator=generator)


def shot_noise(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """Poisson counts, `photons` of them at white: the variance is the value over `photons`."""
    photons = (500, 250, 100, 75, 50)[severity - 1]
    return torch.poisson(images * photons, generator=generator) / photons


def impulse_noise(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """A share of the values, each channel for itself, becomes 0 or 1 with even chances."""
    share = (0.01, 0.02, 0.03, 0.05, 0.07)[severity - 1]
    draw = torch.rand(images.shape, generator=generator)
    salted = torch.where(draw < share / 2, 1.0, images)
    return torch.where((draw >= share / 2) & (draw < share), 0.0, salted)
