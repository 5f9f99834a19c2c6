"""Sources in HDF5: train/images uint8 [N, C, H, W], train/labels [N], the same in test/ or val/, attribute `classes`.

Images that would take more than a share of the memory stay in the file and are read as they are asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from nsdcodec.errors import InvalidSource
from nsdcodec.sources import splits
from nsdcodec.sources.arrays import class_names, split_of_arrays
from nsdcodec.sources.base import Source, Split, augmentation
from nsdcodec.sources.streamed import Streamed
from nsdcodec.system.free_memory import free_memory, resident_bytes
from nsdcodec.system.packages import package

# The share of what is left of the memory that the images of a source may take. As much again are the copies that
# holding out makes: three quarters are for what is computed.
HELD_SHARE = 1 / 8


def load(path: Path, memory: int | None = None) -> Source:
    """The source is named after the file. The group of the test set is optional, and so is `classes`: without it, the
    names of the classes are their numbers. `memory` is the bytes that the process may take (None: what is free).
    Raises InvalidSource, and MissingData without h5py."""
    h5py = package("h5py")
    left = free_memory(torch.device("cpu")) if memory is None else memory - resident_bytes()
    try:
        with h5py.File(path, "r") as file:
            names = file.attrs.get("classes")
            train, test, left_out = _groups(file, path)
            parts = (train, test) if test else (train,)
            nbytes = sum(_array(file, f"{part}/images", path).nbytes for part in parts)
            found = [_split(file, part, path, nbytes > HELD_SHARE * left) for part in parts]
    # What h5py raises for a file, a chunk or a type that it cannot read.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        raise InvalidSource(f"{path}: not a readable HDF5 file ({error}); make or fetch it again") from error
    classes = class_names(str(path), names, found[0].labels.numpy())
    return Source(path.stem, classes, found[0], found[1] if len(found) > 1 else None, augmentation(path.stem), left_out)


def _groups(file: Any, path: Path) -> tuple[str, str | None, tuple[str, ...]]:
    """The names of the groups of train, and of test if there is one, and of those beside them."""
    names = [name for name in file if isinstance(file.get(name), package("h5py").Group)]
    # Without any, what is missing in train/ is said.
    return splits.one_of_each(str(path), names) if names else (splits.TRAIN, None, ())


def _split(file: Any, part: str, path: Path, streamed: bool) -> Split:
    images, labels = (_array(file, f"{part}/{key}", path) for key in ("images", "labels"))
    if not streamed:
        return split_of_arrays(f"{path}, {part}", np.asarray(images[()]), np.asarray(labels[()]))
    # The checks of what is held, by a split without an image of it.
    empty = np.empty((0, *images.shape[1:]), images.dtype)
    checked = split_of_arrays(f"{path}, {part}", empty, np.asarray(labels[()]))
    return Split(Streamed(path, f"{part}/images", images.shape), checked.labels)


def _array(file: Any, key: str, path: Path) -> Any:
    # A group has no shape.
    if key not in file or not hasattr(file[key], "shape"):
        raise InvalidSource(
            f"{path}: no array {key}; the layout is train/images uint8 [N, C, H, W], train/labels [N], "
            "and the same under test/ if there is a test set"
        )
    return file[key]
