"""Differentiable siamese augmentation (DSA; Zhao and Bilen, ICML 2021), vectorised over the batch.

A strategy such as "color_crop_cutout_flip_scale_rotate" names operations. Each batch gets one of them, drawn at random,
with random parameters for each image; or with the same parameters for all images, where real and synthetic images must
be augmented alike (siamese). Drawing the parameters (`draw`) is separate from using them (`apply`). Constants are those
of the DSA paper's appendix: flip 1/2, scale 1.2, rotation 15 degrees, crop padding 12.5 %, cutout 50 %, brightness 1,
saturation 2, contrast 0.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.errors import UnknownName
from nsdcodec.system.devices import on_device

SCALE, ROTATION, PADDING, CUTOUT = 1.2, 15.0, 0.125, 0.5


@dataclass(frozen=True)
class Draw:
    """One operation and its uniform numbers [n, 4] in 0 to 1: a row for each image, or one row for all."""

    operation: str
    uniform: Tensor


def operations(strategy: str) -> list[str]:
    """The names of a strategy's operations; of "none" no name. Raises UnknownName."""
    names = [] if strategy == "none" else strategy.split("_")
    for name in names:
        if name not in OPERATIONS:
            raise UnknownName("augmentation", name, OPERATIONS)
    return names


def draw(strategy: str, n: int, generator: torch.Generator) -> Draw | None:
    """None for the strategy "none". n = 1 is siamese use. Raises UnknownName."""
    names = operations(strategy)
    if not names:
        return None
    chosen = names[int(torch.randint(len(names), (1,), generator=generator))]
    return Draw(chosen, torch.rand(n, 4, generator=generator))


def apply(images: Tensor, chosen: Draw | None) -> Tensor:
    """Augmented images [n, C, H, W], differentiable in the images."""
    if chosen is None:
        return images
    uniform = on_device(chosen.uniform, images.device).to(images.dtype)
    return OPERATIONS[chosen.operation](images, uniform)


def _color(images: Tensor, uniform: Tensor) -> Tensor:
    brightness, saturation, contrast = (uniform[:, i, None, None, None] for i in range(3))
    images = images + (brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = (images - grey) * (saturation * 2) + grey
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


def _flip(images: Tensor, uniform: Tensor) -> Tensor:
    return torch.where((uniform[:, 0] < 0.5)[:, None, None, None], images.flip(3), images)


def _crop(images: Tensor, uniform: Tensor) -> Tensor:
    """A whole-pixel shift of at most an eighth each way, zeros from outside."""
    height, width = images.shape[2:]
    rows = _whole(uniform[:, 0], int(height * PADDING + 0.5))
    columns = _whole(uniform[:, 1], int(width * PADDING + 0.5))
    theta = _affine(1.0, 0.0, 0.0, 1.0, columns * (2 / width), rows * (2 / height), len(uniform), images)
    return _sample(images, theta, "nearest")


def _cutout(images: Tensor, uniform: Tensor) -> Tensor:
    """Zeros in a square of half the image's side whose centre is anywhere in it."""
    height, width = images.shape[2:]
    inside = None
    for size, position, shape in ((height, uniform[:, 0], (1, -1, 1)), (width, uniform[:, 1], (1, 1, -1))):
        side = int(size * CUTOUT + 0.5)
        start = (position * size).floor()[:, None, None] - side // 2
        place = torch.arange(size, device=images.device).view(shape)
        near = (place >= start) & (place < start + side)
        inside = near if inside is None else inside & near
    assert inside is not None
    return images * (~inside)[:, None].to(images.dtype)


def _scale(images: Tensor, uniform: Tensor) -> Tensor:
    """Height and width zoomed by 1 / 1.2 to 1.2 each."""
    rows, columns = (uniform[:, i] * (SCALE - 1 / SCALE) + 1 / SCALE for i in range(2))
    return _sample(images, _affine(rows, 0.0, 0.0, columns, 0.0, 0.0, len(uniform), images), "bilinear")


def _rotate(images: Tensor, uniform: Tensor) -> Tensor:
    angle = (uniform[:, 0] - 0.5) * (2 * ROTATION * math.pi / 180)
    cos, sin = angle.cos(), angle.sin()
    return _sample(images, _affine(cos, -sin, sin, cos, 0.0, 0.0, len(uniform), images), "bilinear")


OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "color": _color,
    "crop": _crop,
    "cutout": _cutout,
    "flip": _flip,
    "scale": _scale,
    "rotate": _rotate,
}


def _whole(uniform: Tensor, limit: int) -> Tensor:
    return (uniform * (2 * limit + 1)).floor().clamp(max=2 * limit) - limit


def _affine(
    xx: Tensor | float,
    xy: Tensor | float,
    yx: Tensor | float,
    yy: Tensor | float,
    x: Tensor | float,
    y: Tensor | float,
    n: int,
    like: Tensor,
) -> Tensor:
    """Matrices [n, 2, 3] from output to input places, in units of half the image."""
    # Constants are filled in on the device: a copy from the host would wait for all that the device has yet to do.
    entries = [
        value if isinstance(value, Tensor) else torch.full((n,), value, dtype=like.dtype, device=like.device)
        for value in (xx, xy, x, yx, yy, y)
    ]
    return torch.stack(entries, dim=1).view(n, 2, 3)


def _sample(images: Tensor, theta: Tensor, mode: str) -> Tensor:
    grid = F.affine_grid(theta, [len(theta), 1, *images.shape[2:]], align_corners=False)
    if len(grid) == 1:
        grid = grid.expand(len(images), -1, -1, -1)
    return F.grid_sample(images, grid, mode=mode, padding_mode="zeros", align_corners=False)
