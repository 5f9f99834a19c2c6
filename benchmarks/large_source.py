"""Writes an HDF5 source of random pixels that is too large to hold: python benchmarks/large_source.py OUT.h5

100 classes of 420 images, 3 x 128 x 128: 2.06 GB. Nothing can be learned from it; it is for memory and time.
"""

from __future__ import annotations

import sys

import h5py
import numpy as np

CLASSES, PER_CLASS, SIDE = 100, 420, 128

if __name__ == "__main__":
    random = np.random.default_rng(0)
    shape = (3, SIDE, SIDE)
    with h5py.File(sys.argv[1], "w") as file:
        images = file.create_dataset("train/images", (CLASSES * PER_CLASS, *shape), np.uint8, chunks=(8, *shape))
        for start in range(0, len(images), 1000):
            images[start : start + 1000] = random.integers(0, 256, (1000, *shape), np.uint8)
        file["train/labels"] = np.arange(len(images)) % CLASSES
        file.attrs["classes"] = [f"class {number}" for number in range(CLASSES)]
