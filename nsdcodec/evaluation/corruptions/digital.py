"""Digital: contrast, elastic transform, pixelate, JPEG. Images [n, C, H, W] in 0 to 1; parameters of CIFAR-10-C."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nsdcodec.evaluation.corruptions.filters import along_both, gaussian_matrix, uniform, warped
from nsdcodec.system.packages import package


def contrast(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """Each channel is moved towards its own mean. Deterministic."""
    kept = (0.75, 0.5, 0.4, 0.3, 0.15)[severity - 1]
    mean = images.mean(dim=(2, 3), keepdim=True)
    return (images - mean) * kept + mean


def elastic_transform(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """A random affine map (three points moved by up to `moved` of the side), then a smooth random displacement of
    `strength` sides. The published parameters trade the one for the other: from severity to severity the map grows
    weaker and the displacement rougher."""
    strength, smoothness, moved = (
        (0.0, 0.0, 0.08),
        (0.05, 0.2, 0.07),
        (0.08, 0.06, 0.06),
        (0.1, 0.04, 0.05),
        (0.1, 0.03, 0.03),
    )[severity - 1]
    n, _, height, width = images.shape
    side = min(height, width)
    centre, reach = torch.tensor([width // 2, height // 2]), side // 3
    points = centre + reach * torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    targets = points + uniform((n, 3, 2), -moved * side, moved * side, generator)
    # From output to input places, since each output pixel looks up where it comes from.
    back = torch.linalg.solve(torch.cat([targets, torch.ones(n, 3, 1)], dim=2), points.expand(n, 3, 2))
    y, x = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)], dim=-1) @ back[:, None]
    images = warped(images, places[..., 0], places[..., 1], "centre")
    if strength == 0:
        return images
    blurs = [gaussian_matrix(size, smoothness * side, 3.0, "reflect") for size in (height, width)]
    shift = along_both(uniform((n, 2, height, width), -1, 1, generator), *blurs) * strength * side
    return warped(images, x + shift[:, 0], y + shift[:, 1], "edge")


def pixelate(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """The image is reduced to a share of its side and enlarged again; each pixel is the mean of what it covers.
    Deterministic."""
    share = (0.95, 0.9, 0.85, 0.75, 0.65)[severity - 1]
    box = package("PIL.Image").Resampling.BOX
    height, width = images.shape[2:]
    full, small = (width, height), (int(width * share), int(height * share))  # as Pillow has them
    return _each(images, lambda image: image.resize(small, box).resize(full, box))


def jpeg_compression(images: Tensor, severity: int, generator: torch.Generator) -> Tensor:
    """The image is compressed and decompressed by Pillow's JPEG. Deterministic."""
    quality = (80, 65, 58, 50, 40)[severity - 1]
    pillow = package("PIL.Image")

    def compressed(image: Any) -> Any:
        memory = io.BytesIO()
        image.save(memory, "JPEG", quality=quality)
        return pillow.open(memory)

    return _each(images, compressed)


def _each(images: Tensor, change: Callable[[Any], Any]) -> Tensor:
    """Every image as a Pillow image, grey or RGB, changed."""
    pillow = package("PIL.Image")
    arrays = (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    if arrays.shape[3] == 1:
        arrays = arrays[..., 0]
    changed = np.stack([np.asarray(change(pillow.fromarray(array))) for array in arrays])
    return torch.from_numpy(changed.reshape(len(arrays), *images.shape[2:], -1)).permute(0, 3, 1, 2) / 255
