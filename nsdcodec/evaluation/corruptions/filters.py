"""What several corruptions are made of: blurs, zooms and warps of images [..., H, W], as matrices where they can be.

Each stands for a function of the programs that made the published set (scikit-image, SciPy, OpenCV, ImageMagick) and
treats the border as that does.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def along_both(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Images [..., H, W] multiplied by a matrix [H', H] along rows and one [W', W] along columns."""
    return rows @ images @ columns.T


def gaussian_matrix(side: int, sigma: float, truncate: float = 4.0, border: str = "nearest") -> Tensor:
    """[side, side]: a Gaussian of `sigma` pixels, cut at `truncate` of them, as SciPy's and scikit-image's. Outside is
    the last pixel ("nearest") or a mirror at its outer edge ("reflect")."""
    radius = int(truncate * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.softmax(-0.5 * (offsets / max(sigma, 1e-12)) ** 2, dim=0)
    source = torch.arange(side)[:, None] + offsets
    if border == "nearest":
        source = source.clamp(0, side - 1)
    else:
        source = source % (2 * side)
        source = torch.minimum(source, 2 * side - 1 - source)
    return torch.zeros(side, side).scatter_add_(1, source, kernel.expand(side, -1).contiguous())


def zoom_matrix(side: int, factor: float) -> Tensor:
    """[side, side]: the middle side / factor pixels, drawn out to `side` by linear interpolation from corner to corner,
    as SciPy's `zoom` of order 1 does; what it makes too much is cut from both ends."""
    cropped = math.ceil(side / factor)
    size = round(cropped * factor)
    place = (torch.arange(side) + (size - side) // 2) * ((cropped - 1) / max(size - 1, 1))
    low = place.floor().clamp(max=max(cropped - 2, 0))
    matrix = torch.zeros(side, side)
    first = low.long() + (side - cropped) // 2
    matrix.scatter_add_(1, first[:, None], (1 - (place - low))[:, None])
    return matrix.scatter_add_(1, (first + 1).clamp(max=side - 1)[:, None], (place - low)[:, None])


def motion(images: Tensor, radius: int, sigma: float, angles: Tensor) -> Tensor:
    """Images [n, C, H, W] smeared one way along `angles` [n] (degrees) by half a Gaussian, its 2 radius + 1 taps at
    whole pixels, the last pixel outside: ImageMagick's motion blur."""
    n, _, height, width = images.shape
    taps = torch.arange(2 * radius + 1)
    kernel = torch.softmax(-0.5 * (taps / sigma) ** 2, dim=0)
    radians = torch.deg2rad(angles)
    blurred = torch.zeros_like(images)
    for tap, weight in enumerate(kernel.tolist()):
        if weight < 1e-6:
            break
        down, right = ((tap * part - 0.5).ceil().long()[:, None] for part in (radians.sin(), radians.cos()))
        rows = (torch.arange(height) + down).clamp(0, height - 1)
        columns = (torch.arange(width) + right).clamp(0, width - 1)
        blurred += weight * images[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(
            0, 3, 1, 2
        )
    return blurred


def warped(images: Tensor, x: Tensor, y: Tensor, border: str) -> Tensor:
    """Images [n, C, H, W] looked up at columns x and rows y [n, H, W], linearly between pixels. Outside is a mirror at
    the last pixel's centre ("centre", OpenCV's BORDER_REFLECT_101) or at its outer edge ("edge", SciPy's "reflect")."""
    height, width = images.shape[2:]
    at_centre = border == "centre"
    if at_centre:
        grid = torch.stack([x * 2 / (width - 1) - 1, y * 2 / (height - 1) - 1], dim=-1)
    else:
        grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=at_centre)


def luma(images: Tensor) -> Tensor:
    """[n, 1, H, W] of ITU-R BT.601; grey images as they are."""
    if images.shape[1] == 1:
        return images
    return (images * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)
