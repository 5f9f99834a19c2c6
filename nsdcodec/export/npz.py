"""npz: NumPy's archive of images (float32, normalised), pixels (uint8), labels, classes, mean, std and recipe."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export.base import about, chunks, image_shape


def write(dataset: NSDDataset, file: BinaryIO) -> None:
    """Labels are int64 [N]; soft labels are also in soft_labels, float32 [N, classes]. `recipe` is JSON. The images are
    decoded twice rather than held in memory, since an archive has one array after the other."""
    facts, shape = about(dataset), (len(dataset), *image_shape(dataset))
    small = {
        "labels": dataset.hard_labels.numpy(),
        **({"soft_labels": dataset.labels.numpy()} if dataset.labels.ndim == 2 else {}),
        "classes": np.array(facts["classes"]),
        "mean": np.array(facts["mean"]),
        "std": np.array(facts["std"]),
        "recipe": np.array(json.dumps(facts["recipe"])),
    }
    with zipfile.ZipFile(file, "w") as archive:
        _array(archive, "images", np.float32, shape, (chunk.images for chunk in chunks(dataset)))
        _array(archive, "pixels", np.uint8, shape, (chunk.pixels for chunk in chunks(dataset)))
        for name, values in small.items():
            _array(archive, name, values.dtype, values.shape, iter([values]))


def _array(
    archive: zipfile.ZipFile, name: str, dtype: Any, shape: tuple[int, ...], parts: Iterator[NDArray[Any]]
) -> None:
    """Writes an array as numpy.savez_compressed does, but without holding it whole, and without the time of day, so
    that the same set gives the same bytes."""
    entry = zipfile.ZipInfo(f"{name}.npy")
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as stream:
        descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
        np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
        for part in parts:
            stream.write(np.ascontiguousarray(part).tobytes())
