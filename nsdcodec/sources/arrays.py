"""Arrays, in the names and shapes that files have them, to a `Split` and class names."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.format.geometry import LIMITS
from nsdcodec.sources import splits
from nsdcodec.sources.base import Split
from nsdcodec.sources.channels import channels_first

Names = tuple[str, str]

# Images and labels of the training set where no name says train: the first that is there is read. `nsdc export` writes
# the first, with normalised images beside the pixels.
UNSAID: tuple[Names, ...] = (("pixels", "labels"), ("images", "labels"))
TRAIN: Names = ("train_images", "train_labels")
# The word that tells what an array holds; what is before and after it says the split.
_KIND = re.compile(r"(.*?)(?<![^\W\d_])(images|labels)(?![^\W\d_])(.*)", re.IGNORECASE | re.DOTALL)


def array_names(path: Path, present: Collection[str]) -> tuple[Names, Names | None, tuple[str, ...]]:
    """The names of the arrays of train, those of test if there is a test set, and those of images and labels that are
    left out, in a file that has the names `present`: `train_images`, `val_labels` and so on, by `splits.sorted_out`.
    Without a name that says train, `images` and `labels` are it.

    Raises InvalidSource if one of them is missing, and for a doubt about the splits."""
    pairs = _pairs(present)
    unsaid = [name for name in present if not splits.said(name) and {"images", "pixels"} & set(splits.words(name))]
    if not any(splits.TRAIN in splits.said(pair) for pair in pairs):
        pairs[splits.TRAIN] = next((names for names in UNSAID if names[0] in present), TRAIN)
        unsaid = []  # `nsdc export` writes the same images twice
    chosen = splits.one_of_each(str(path), list(pairs))
    train, test = pairs[chosen[0]], pairs[chosen[1]] if chosen[1] else None
    needed = {*train, *(test or ())}
    if missing := sorted(needed - set(present)):
        raise InvalidSource(
            f"{path}: no array {', '.join(missing)}; it has {', '.join(sorted(present)) or 'none'}, and needs "
            f"{', '.join(sorted(needed))}"
        )
    left_out = {name for pair in chosen[2] for name in pairs[pair]} | set(unsaid)
    return train, test, tuple(sorted(left_out & set(present)))


def _pairs(present: Collection[str]) -> dict[str, Names]:
    """The names of images and labels that say a split, by the name that both are: "train_*". Other labels beside images
    and their labels, such as train_coarse_labels, are no pair."""
    found: dict[str, dict[str, str]] = {}
    for name in sorted(present):
        kind = _KIND.fullmatch(name)
        if kind and splits.said(name):
            found.setdefault(f"{kind[1]}*{kind[3]}", {})[kind[2].lower()] = name
    with_images = [splits.said(pair) for pair, names in found.items() if "images" in names]
    return {
        pair: (names.get("images", pair.replace("*", "images")), names.get("labels", pair.replace("*", "labels")))
        for pair, names in found.items()
        if "images" in names or splits.said(pair) not in with_images
    }


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
    """The class names, from a list of texts in a file. Where it has none, None, they are the numbers of the training
    labels. Raises InvalidSource."""
    return numbered_classes(where, labels) if values is None else listed_names(where, values)


def listed_names(where: str, values: Any) -> tuple[str, ...]:
    """From a list of texts in a file, plain or as UTF-8 bytes. Raises InvalidSource."""
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
