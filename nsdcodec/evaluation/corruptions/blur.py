"""Blur: defocus, glass, motion, zoom. Images [n, C, H, W] in 0 to 1; parameters of CIFAR-10-C."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.evaluation.corruptions.filters import along_both, gaussian_matrix, motion, uniform, zoom_matrix


def defocus_blur(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """Convolution with a disk that is softened by a 3 x 3 Gaussian; the border is mirrored. Deterministic."""
    radius, softness = ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1))[severity - 1]
    kernel = disk(radius, softness)
    pixels = images.reshape(-1, 1, *images.shape[2:])
    return F.conv2d(F.pad(pixels, (2, 2, 2, 2), mode="reflect"), kernel[None, None]).view(images.shape)


def disk(radius: float, softness: float) -> Tensor:
    """A kernel [5, 5] of sum 1; radius below 2."""
    place = torch.arange(-2, 3)
    inside = (place[:, None] ** 2 + place**2 <= radius**2).to(torch.float32)
    gaussian = torch.softmax(-0.5 * (torch.tensor([-1.0, 0.0, 1.0]) / softness) ** 2, dim=0)
    spread = F.conv2d((inside / inside.sum())[None, None], gaussian.outer(gaussian)[None, None], padding=1)
    return spread[0, 0]


def glass_blur(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """Pixels replaced by a random one of themselves and their upper and left neighbours, between two Gaussian blurs.

    The published program means to swap neighbours; its swap, of two views of one array, copies. Each pixel then looks
    only at ones that have not been touched, so that an iteration is one look-up.
    """
    sigma, iterations = ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2))[severity - 1]
    n, _, height, width = images.shape
    blurs = gaussian_matrix(height, sigma), gaussian_matrix(width, sigma)
    images = (along_both(images, *blurs) * 255 + 1e-3).floor() / 255
    every = torch.arange(n)[:, None, None]
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    inner = (rows >= 2) & (columns >= 2)
    for _ in range(iterations):
        up, left = (torch.randint(2, (n, height, width), generator=generator) * inner for _ in range(2))
        images = images[every, :, rows - up, columns - left].permute(0, 3, 1, 2)
    return along_both(images, *blurs)


def motion_blur(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """A smear in a direction within 45 degrees of horizontal, rounded to grey levels as ImageMagick's output is."""
    radius, sigma = ((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5))[severity - 1]
    blurred = motion(images, radius, sigma, uniform((len(images),), -45, 45, generator))
    return (blurred * 255).round() / 255


def zoom_blur(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """The mean of the image and of copies zoomed by 1 to 1.06 (1.11, 1.16, 1.21, 1.26) in steps of 0.01.
    Deterministic."""
    # numpy's own arange, whose rounding decides whether the last factor is in.
    factors = np.arange(1, (1.06, 1.11, 1.16, 1.21, 1.26)[severity - 1], 0.01).tolist()
    total = images
    for factor in factors:
        total = total + along_both(images, *(zoom_matrix(side, factor) for side in images.shape[2:]))
    return total / (len(factors) + 1)
