"""Files of random numbers for the measurement of loading, so that it needs no data. Before `run`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format import bases
from nsdcodec.format.container.file import pack
from nsdcodec.format.container.header import Header
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout, Synthesis
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.system.randomness import stream

CIFAR10 = Geometry(classes=10, channels=3, height=32, width=32)
NORMALIZATION = Normalization((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
# In normalised units, where pixels end at -2 and 2: so few are cut off that images of pixels are the same images.
DEVIATION = 0.5


def nsd(images: int) -> Layout:
    """The form `nsd` as it is at IPC 1 of CIFAR-10, where 220 images take 30,770 elements."""
    arrays = {
        "spectrum": (1, 30, 3, 16, 16),
        "batch_kernel": (1, 30, images),
        "channel_kernel": (1, 3, 3),
        "height_kernel": (1, 16, 32),
        "width_kernel": (1, 16, 32),
    }
    specs = {role: ArraySpec("float16", shape) for role, shape in arrays.items()}
    return Layout(CIFAR10, Synthesis("stored", "stored", "stored", "stored"), specs)


def dct(images: int) -> Layout:
    """The form `dct`: the 8 x 8 lowest frequencies of each image."""
    return Layout(
        CIFAR10, Synthesis(height="dct", width="dct"), {"spectrum": ArraySpec("float16", (1, images, 3, 8, 8))}
    )


MADE: dict[str, Callable[[int], Layout]] = {"nsd": nsd, "dct": dct}


def made(form: str, images: int) -> bytes:
    """A file of `images` images of CIFAR-10's size, smooth as photographs are, or PNGs would be slower to read than
    real ones. The same bytes for the same arguments. Raises UnknownName and InvalidSetting."""
    if form not in MADE:
        raise UnknownName("form", form, MADE)
    if not 1 <= images <= MAX_IMAGES:
        raise InvalidSetting(f"a set of {images:,} images; it must have 1 to {MAX_IMAGES:,}")
    layout = MADE[form](images)
    arrays = {role: _values(layout, role) for role in layout.arrays}
    classes = tuple(f"class {number}" for number in range(layout.geometry.classes))
    return pack(Header(layout, classes, NORMALIZATION, TrainingRecipe(), form), arrays)


def _values(layout: Layout, role: str) -> NDArray[Any]:
    shape = layout.arrays[role].shape
    if role == "channel_kernel":
        return np.eye(shape[1], dtype=np.float32)[None]
    if role in ("height_kernel", "width_kernel"):
        return bases.dct(shape[1], shape[2])[None]
    noise = torch.randn(shape, generator=stream(0, "bench loader", role, layout.images))
    if role == "batch_kernel":
        noise /= shape[1] ** 0.5
        return noise.numpy()
    # Amplitudes fall with the frequency as in natural images; bases are orthonormal, so squares add up to the pixels'.
    frequency = torch.arange(shape[3])[:, None] + torch.arange(shape[4])
    spectrum = noise / (1 + frequency)
    pixels = layout.geometry.height * layout.geometry.width
    values: NDArray[Any] = (spectrum * DEVIATION / (spectrum.square().sum((-2, -1)).mean() / pixels).sqrt()).numpy()
    return values
