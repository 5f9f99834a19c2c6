"""Sources in NumPy's .npz: train_images, train_labels, test_images, test_labels, classes. Never unpickles."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.arrays import channels_first, class_names, split_of_arrays
from nsdcodec.sources.base import Source, augmentation

TRAIN = ("train_images", "train_labels")
TEST = ("test_images", "test_labels")


def load(path: Path) -> Source:
    """Named after the file. Images [N, C, H, W] or [N, H, W, C]; test arrays may be absent. Raises InvalidSource."""
    arrays = _arrays(path)
    needed = {*TRAIN, "classes"} | (set(TEST) if set(TEST) & set(arrays) else set())
    if missing := sorted(needed - set(arrays)):
        raise InvalidSource(
            f"{path}: no array {', '.join(missing)}; it has {', '.join(sorted(arrays)) or 'none'}, and needs "
            f"{', '.join(sorted(needed))}"
        )
    train, test = (
        split_of_arrays(f"{path}, {keys[0]}", channels_first(arrays[keys[0]]), arrays[keys[1]])
        if keys[0] in arrays
        else None
        for keys in (TRAIN, TEST)
    )
    assert train is not None
    return Source(path.stem, class_names(str(path), arrays["classes"]), train, test, augmentation(path.stem))


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        # An object array is a pickle, and a pickle runs code.
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("a single array, not an archive of them")
        with file:
            return {key: file[key] for key in (*TRAIN, *TEST, "classes") if key in file}
    # What NumPy, zipfile and zlib raise for an archive or an array that they cannot read.
    except (ValueError, OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidSource(
            f"{path}: not a readable .npz of plain arrays ({error}); make or fetch it again, class names as texts"
        ) from error
