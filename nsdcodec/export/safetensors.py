"""safetensors: images (float32, normalised), pixels (uint8) and labels, with the rest as JSON in the metadata."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export.base import about_texts, chunks, image_shape


def write(dataset: NSDDataset, file: BinaryIO) -> None:
    """Labels are int64 [N]; soft labels are also in soft_labels, float32 [N, classes]. The metadata has classes, mean,
    std and recipe. Unlike the other exports it holds the whole set in memory, since the library writes whole
    tensors."""
    shape = (len(dataset), *image_shape(dataset))
    tensors: dict[str, NDArray[Any]] = {"images": np.empty(shape, np.float32), "pixels": np.empty(shape, np.uint8)}
    for chunk in chunks(dataset):
        stop = chunk.start + len(chunk.labels)
        tensors["images"][chunk.start : stop] = chunk.images
        tensors["pixels"][chunk.start : stop] = chunk.pixels
    tensors["labels"] = dataset.hard_labels.numpy()
    if dataset.labels.ndim == 2:
        tensors["soft_labels"] = dataset.labels.numpy()
    file.write(save(tensors, about_texts(dataset)))
