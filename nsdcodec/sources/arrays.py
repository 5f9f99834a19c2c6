"""Arrays, in the names and shapes that files have them, to a `Split` and class names."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.format.geometry import LIMITS
from nsdcodec.sources.base import Split
from nsdcodec.sources.channels import channels_first

Names = tuple[str, str]

# Images and labels of the training set, as files may call them: the first that is there is read. `nsdc export` writes
# the second, with normalised images beside the pixels.
TRAIN: tuple[Names, ...] = (("train_images", "train_labels"), ("pixels", "labels"), ("images", "labels"))
TEST: Names = ("test_images", "test_labels")


def array_names(path: Path, present: Collection[str]) -> tuple[Names, Names | None]:
    """The names of the arrays of train, and of test if there is a test set, in a file that has the names `present`.
    Raises InvalidSource if one of them is missing."""
    train = next((names for names in TRAIN if names[0] in present), TRAIN[0])
    test = TEST if set(TEST) & set(present) else None
    needed = {*train, *(test or ())}
    if missing := sorted(needed - set(present)):
        raise InvalidSource(
            f"{path}: no array {', '.join(missing)}; it has {', '.join(sorted(present)) or 'none'}, and needs "
            f"{', '.join(sorted(needed))}"
        )
    return train, test


def split_of_arrays(where: str, images: NDArray[Any], labels: NDArray[Any]) -> Split:
    """Makes a Split of arrays from a file: images with channels first, last or none, labels [N] or [N, 1]
    of any integer type. `where` begins the error messages. Raises InvalidSource."""
    if images.dtype != np.uint8:
        raise InvalidSource(f"{where}: the images are {images.dtype}, not uint8: scale to 0 to 255, round and convert")
    if labels.dtype.kind not in "iu":
        raise InvalidSource(f"{where}: the labels are {labels.dtype}, not integers: store class numbers from 0 up")
    turned = channels_first(where, images)
    numbers = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    return Split(torch.from_numpy(np.ascontiguousarray(turned)), torch.from_numpy(numbers.astype(np.int64)))


def class_names(where: str, values: Any, labels: NDArray[Any]) -> tuple[str, ...]:
    """The class names, from a list of texts in a file, plain or as UTF-8 bytes. Where it has none, None, they are the
    numbers of the training labels. Raises InvalidSource."""
    if values is None:
        return numbered_classes(where, labels)
    array = np.asarray(values)
    names = array.tolist()
    if array.ndim != 1 or not all(isinstance(name, str | bytes) for name in names):
        raise InvalidSource(
            f"{where}: `classes` is {str(names)[:80]}, not a list of texts: store one name for each class"
        )
    try:
        return tuple(name.decode() if isinstance(name, bytes) else name for name in names)
    except UnicodeDecodeError as error:
        raise InvalidSource(f"{where}: a class name is not UTF-8 ({error}): store the names in UTF-8") from error


def numbered_classes(where: str, labels: NDArray[Any]) -> tuple[str, ...]:
    """Names for classes without names: "0", "1" and so on, up to the largest label. Raises InvalidSource."""
    largest = int(labels.max(initial=0))
    if largest >= LIMITS["classes"]:
        raise InvalidSource(
            f"{where}: a label is {largest:,}; classes are at most {LIMITS['classes']:,}: number them from 0"
        )
    return tuple(str(label) for label in range(largest + 1))
