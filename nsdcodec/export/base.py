"""What all export formats share: the decoded set in chunks, and its description as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.data.dataset import NSDDataset

CHUNK_BYTES = 1 << 26  # of float32 images, decoded at once: a set may be larger than memory


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive images of a set, beginning with number `start`: float32 [n, C, H, W] in normalised units, and as
    uint8 pixels, rounded from float64. Labels are int64 [n]. If the set has soft labels, `soft_labels` is float32
    [n, classes], and `labels` has the most likely class."""

    start: int
    images: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    soft_labels: NDArray[np.float32] | None


def chunks(dataset: NSDDataset) -> Iterator[Chunk]:
    """The whole set, in its order."""
    size = max(1, CHUNK_BYTES // (4 * dataset.header.layout.geometry.image_elements))
    for start in range(0, len(dataset), size):
        numbers = range(start, min(start + size, len(dataset)))
        images, labels = dataset.batch(numbers)
        yield Chunk(
            start=start,
            images=images.numpy(),
            pixels=dataset.exact_pixels(numbers).numpy(),
            labels=dataset.hard_labels[numbers.start : numbers.stop].numpy(),
            soft_labels=labels.numpy() if labels.ndim == 2 else None,
        )


def image_shape(dataset: NSDDataset) -> tuple[int, int, int]:
    """Channels, height, width."""
    geometry = dataset.header.layout.geometry
    return (geometry.channels, geometry.height, geometry.width)


def about(dataset: NSDDataset) -> dict[str, Any]:
    """What a training loop needs besides images and labels, as plain JSON values."""
    return {
        "classes": list(dataset.classes),
        "mean": list(dataset.normalization.mean),
        "std": list(dataset.normalization.std),
        "recipe": asdict(dataset.recipe),
    }


def about_texts(dataset: NSDDataset) -> dict[str, str]:
    """The same for formats whose metadata are texts: each value as JSON."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in about(dataset).items()}
