"""Sources in HDF5: train/images uint8 [N, C, H, W], train/labels [N], the same under test/, attribute `classes`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.arrays import class_names, split_of_arrays
from nsdcodec.sources.base import Source, Split, augmentation, package


def load(path: Path) -> Source:
    """Named after the file. The group test/ may be absent. Raises InvalidSource; MissingData without h5py."""
    h5py = package("h5py")
    try:
        with h5py.File(path, "r") as file:
            if "classes" not in file.attrs:
                raise InvalidSource(f"{path}: no attribute `classes`; store the class names there, in label order")
            classes = class_names(str(path), file.attrs["classes"])
            train = _split(file, "train", path)
            test = _split(file, "test", path) if "test" in file else None
    # What h5py raises for a file, a chunk or a type that it cannot read.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise InvalidSource(f"{path}: not a readable HDF5 file ({error}); make or fetch it again") from error
    return Source(path.stem, classes, train, test, augmentation(path.stem))


def _split(file: Any, part: str, path: Path) -> Split:
    arrays = []
    for key in (f"{part}/images", f"{part}/labels"):
        # A group has no shape.
        if key not in file or not hasattr(file[key], "shape"):
            raise InvalidSource(
                f"{path}: no array {key}; the layout is train/images uint8 [N, C, H, W], train/labels [N], "
                "and the same under test/ if there is a test set"
            )
        arrays.append(np.asarray(file[key][()]))
    return split_of_arrays(f"{path}, {part}", *arrays)
