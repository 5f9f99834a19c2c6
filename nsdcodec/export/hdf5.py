"""hdf5: train/images uint8 [N, C, H, W] and train/labels, as `nsdc encode` and many scripts of the field read them."""

from __future__ import annotations

import json
from typing import BinaryIO

import numpy as np

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export.base import about, chunks, image_shape
from nsdcodec.system.packages import package


def write(dataset: NSDDataset, file: BinaryIO) -> None:
    """Writes also train/normalized, float32 [N, C, H, W], train/soft_labels, float32 [N, classes], if the set has soft
    labels, and the attributes classes, mean, std and recipe (JSON). Raises MissingData without h5py."""
    h5py = package("h5py", "export")
    facts, shape = about(dataset), (len(dataset), *image_shape(dataset))
    # From version 1.8 on, attributes may be larger than 64 kB, as the names of many classes are.
    with h5py.File(file, "w", libver=("v108", "v110")) as out:
        images = out.create_dataset("train/images", shape, np.uint8)
        normalized = out.create_dataset("train/normalized", shape, np.float32)
        for chunk in chunks(dataset):
            stop = chunk.start + len(chunk.labels)
            images[chunk.start : stop], normalized[chunk.start : stop] = chunk.pixels, chunk.images
        out["train/labels"] = dataset.hard_labels.numpy()
        if dataset.labels.ndim == 2:
            out["train/soft_labels"] = dataset.labels.numpy()
        for name in ("classes", "mean", "std"):
            out.attrs[name] = facts[name]
        out.attrs["recipe"] = json.dumps(facts["recipe"])
