"""Which axis of an array of images holds the channels: one rule for every kind of file that has arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.format.geometry import LIMITS


def channels_first(where: str, images: NDArray[Any]) -> NDArray[Any]:
    """[N, C, H, W] as it is, [N, H, W, C] turned to it, [N, H, W] with one channel; any other number of axes as it is.

    Of the two readings of four axes, the one is taken that a file can hold; of two such, that with 1 or 3 channels; of
    two such, that of square images. `where` begins the message of InvalidSource, which is raised if both are left.
    """
    if images.ndim == 3:
        return images[:, None]
    if images.ndim != 4:
        return images
    _, a, b, c = images.shape
    readings = {"[N, C, H, W]": (a, b, c), "[N, H, W, C]": (c, a, b)}
    for fits in (_can_be_held, _of_usual_channels, _square):
        readings = {axes: image for axes, image in readings.items() if fits(*image)} or readings
    if len(readings) == 2 and (a, b, c) != (1, 1, 1):  # a single value is the same either way
        raise InvalidSource(
            f"{where}: the images have the shape {list(images.shape)}, which can be read as [N, C, H, W], {a} channels "
            f"of {b} x {c} pixels, or as [N, H, W, C], {c} channels of {a} x {b} pixels; pad them to more than "
            f"{LIMITS['channels']} pixels in height and width, and store [N, C, H, W]"
        )
    return images if "[N, C, H, W]" in readings else np.moveaxis(images, 3, 1)


def _can_be_held(channels: int, height: int, width: int) -> bool:
    return channels <= LIMITS["channels"] and height <= LIMITS["height"] and width <= LIMITS["width"]


def _of_usual_channels(channels: int, height: int, width: int) -> bool:
    return channels in (1, 3)


def _square(channels: int, height: int, width: int) -> bool:
    return height == width
