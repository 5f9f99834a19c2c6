"""Pixels as Pillow images, for the formats that hold PNG files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import InvalidSetting
from nsdcodec.system.packages import package


def check(dataset: NSDDataset) -> None:
    """Raises InvalidSetting for images of other than 1 or 3 channels, and MissingData without Pillow."""
    channels = dataset.header.layout.geometry.channels
    if channels not in (1, 3):
        raise InvalidSetting(
            f"images of {channels} channels cannot be image files, which have 1 or 3: use npz, hdf5 or safetensors"
        )
    package("PIL.Image", "export")


def picture(pixels: NDArray[np.uint8]) -> Any:
    """uint8 [C, H, W] as a Pillow image, grayscale or RGB."""
    channels_last = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    return package("PIL.Image", "export").fromarray(channels_last[:, :, 0] if len(pixels) == 1 else channels_last)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8 [C, H, W] as a lossless PNG."""
    memory = io.BytesIO()
    picture(pixels).save(memory, "png")
    return memory.getvalue()
