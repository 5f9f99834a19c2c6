"""What differs between two files: the error of one's images against the other's. Beside `dataset`, after synthesis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nsdcodec import synthesis
from nsdcodec.container.file import NSDFile
from nsdcodec.errors import InvalidSetting, MalformedFile
from nsdcodec.layout import Layout

PEAK = 255.0  # of a pixel, as in every PSNR of 8-bit images
CHUNK_VALUES = 1 << 23  # float32 values that the making of one chunk of images holds at once


@dataclass(frozen=True)
class ImageError:
    """How far the images of two files are apart, over all images. A pixel is (value * std + mean) * 255, each file by
    its own normalization; neither rounded nor clipped, since training sees what lies outside 0 to 255 too.

    `psnr` in dB is 10 log10(255^2 / mean squared error), infinite where no pixel differs; `largest` is the largest
    absolute difference of two pixels, `largest_normalized` that of two values as they are trained on; `differing`
    counts the images with any difference.
    """

    psnr: float
    largest: float
    largest_normalized: float
    differing: int


def image_error(a: NSDFile, b: NSDFile) -> ImageError:
    """The error of the images of `b` against those of `a`, image by image in their order. Decoded in float32, compared
    in float64, a chunk at a time: the memory is bounded whatever the files hold. Raises InvalidSetting where they hold
    different numbers or shapes of images, MalformedFile (A04) where an image is not finite once decoded."""
    if image_count_and_shape(a.header.layout) != image_count_and_shape(b.header.layout):
        raise InvalidSetting(
            f"{describe_images(a.header.layout)} and {describe_images(b.header.layout)} cannot be compared one by one; "
            "compare files of as many images of one shape"
        )
    arrays = [{role: synthesis.to_torch(values) for role, values in file.arrays.items()} for file in (a, b)]
    squares, largest, largest_normalized, differing = 0.0, 0.0, 0.0, 0
    chunk = min(_images_at_once(file.header.layout) for file in (a, b))
    for index in torch.arange(a.header.layout.images).split(chunk):
        first, first_pixels = _decode(a, arrays[0], index)
        second, second_pixels = _decode(b, arrays[1], index)
        normalized, pixels = (first - second).abs(), (first_pixels - second_pixels).abs()
        squares += float(pixels.square().sum())
        largest = max(largest, float(pixels.max()))
        largest_normalized = max(largest_normalized, float(normalized.max()))
        differing += int((normalized + pixels).flatten(1).any(dim=1).sum())
    count = a.header.layout.images * math.prod(image_count_and_shape(a.header.layout)[1:])
    psnr = 20 * math.log10(PEAK) - 10 * math.log10(squares / count) if squares > 0 else math.inf
    return ImageError(psnr, largest, largest_normalized, differing)


def image_count_and_shape(layout: Layout) -> tuple[int, int, int, int]:
    """(images, channels, height, width)."""
    geometry = layout.geometry
    return (layout.images, geometry.channels, geometry.height, geometry.width)


def describe_images(layout: Layout) -> str:
    images, channels, height, width = image_count_and_shape(layout)
    return f"{images:,} images of {channels} x {height} x {width}"


def _images_at_once(layout: Layout) -> int:
    values = layout.image_values
    if layout.synthesis.batch == "stored":  # an image takes a whole spectrum with it through the batch axis
        values = max(values, layout.arrays["spectrum"].size // layout.spectra)
    return max(1, CHUNK_VALUES // values)


def _decode(file: NSDFile, arrays: Mapping[str, Tensor], index: Tensor) -> tuple[Tensor, Tensor]:
    """Images float64 [n, C, H, W] in normalised units, and as pixels."""
    with torch.no_grad():
        images = synthesis.images(file.header.layout, arrays, index).double()
    mean = torch.tensor(file.header.normalization.mean, dtype=torch.float64)[:, None, None]
    std = torch.tensor(file.header.normalization.std, dtype=torch.float64)[:, None, None]
    pixels = (images * std + mean) * PEAK
    finite = pixels.isfinite().flatten(1).all(dim=1)
    if not finite.all():
        raise MalformedFile("NSD-A04", f"image {int(index[~finite][0])} is not finite once decoded")
    return images, pixels
