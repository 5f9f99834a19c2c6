"""Sources in NumPy's .npz: train_images, train_labels, test_images or val_images and so on, classes. Never unpickles.

Or pixels, labels and classes, as `nsdc export` writes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.arrays import Names, array_names, class_names, split_of_arrays
from nsdcodec.sources.base import Source, augmentation

CLASSES = "classes"


def load(path: Path) -> Source:
    """Named after the file. Images [N, C, H, W] or [N, H, W, C]; test arrays may be absent, and so may the class names:
    then they are numbers. Raises InvalidSource."""
    train, test, left_out, arrays = _arrays(path)
    splits = [
        split_of_arrays(f"{path}, {names[0]}", arrays[names[0]], arrays[names[1]]) if names else None
        for names in (train, test)
    ]
    assert splits[0] is not None
    classes = class_names(str(path), arrays.get(CLASSES), splits[0].labels.numpy())
    return Source(path.stem, classes, splits[0], splits[1], augmentation(path.stem), left_out)


def _arrays(path: Path) -> tuple[Names, Names | None, tuple[str, ...], dict[str, NDArray[Any]]]:
    """The names of the arrays of train, of test and of those left out, and all that are needed or wanted."""
    try:
        # An object array is a pickle, and a pickle runs code.
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("a single array, not an archive of them")
        with file:
            train, test, left_out = array_names(path, file.files)
            named = [CLASSES] if CLASSES in file.files else []
            return train, test, left_out, {key: _array(file, key) for key in (*train, *(test or ()), *named)}
    except InvalidSource:
        raise
    # NumPy, zipfile, the decompressors, and Python's parser, which reads a header of .npy, each raise their own errors
    # for bytes that they cannot read, and memory may not suffice for the shape that a header promises.
    except Exception as error:
        raise InvalidSource(
            f"{path}: not a readable .npz of plain arrays ({str(error) or type(error).__name__}); make or fetch it "
            "again, class names as texts"
        ) from error


def _array(file: Any, key: str) -> NDArray[Any]:
    """Of an archive of np.load, which gives the bytes of what is no .npy. Raises ValueError."""
    array = file[key]
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{key} is no array in NumPy's format .npy")
    return array
