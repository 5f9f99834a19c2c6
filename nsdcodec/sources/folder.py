"""Sources in folders of image files: one folder a class, or train/ and test/ (or val/) with one folder a class each."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nsdcodec.errors import FileAccess, InvalidSource
from nsdcodec.geometry import LIMITS
from nsdcodec.sources.base import Source, Split, augmentation, package

GRAY = frozenset({"1", "L", "LA"})
COLOUR = frozenset({"RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr"})

Labelled = list[tuple[Path, int]]


def load(path: Path) -> Source:
    """Named after the folder. Classes are the sorted folder names; hidden files and files beside the class folders are
    ignored. Images are grayscale if all files are, else RGB; transparency is dropped.

    Raises InvalidSource (mixed sizes, an unreadable file, no classes), FileAccess; MissingData without Pillow.
    """
    name = path.resolve().name
    train_root, test_root = _roots(path)
    classes = tuple(folder.name for folder in _folders(train_root))
    if not classes:
        raise InvalidSource(f"{train_root}: no class folders; put the images of each class into a folder of its own")
    train = _files(train_root, classes)
    test = _files(test_root, classes) if test_root else []
    if not train:
        raise InvalidSource(f"{train_root}: {len(classes)} class folders without one image; add images")
    channels, (width, height) = _shape([file for file, _ in train + test])
    shape = (channels, height, width)
    test_split = _split(test, shape) if test_root else None
    return Source(name, classes, _split(train, shape), test_split, augmentation(name))


def _roots(path: Path) -> tuple[Path, Path | None]:
    """Where the class folders of train and test are. A class may be called "train": then it holds no folders."""
    folders = {folder.name: folder for folder in _folders(path)}
    if "train" not in folders or not _folders(folders["train"]):
        return path, None
    return folders["train"], folders.get("test", folders.get("val"))


def _files(root: Path, classes: Sequence[str]) -> Labelled:
    labels = {name: label for label, name in enumerate(classes)}
    files = []
    for folder in _folders(root):
        if folder.name not in labels:
            raise InvalidSource(
                f"{folder}: the training set has no class of this name; add it there or remove this one"
            )
        for file in _visible(folder):
            if file.is_dir():
                raise InvalidSource(f"{file}: a folder inside a class folder; move its images up into {folder.name}")
            files.append((file, labels[folder.name]))
    return files


def _shape(files: Sequence[Path]) -> tuple[int, tuple[int, int]]:
    """Channels, and (width, height), of all files, from their headers alone: nothing is decoded before all agree."""
    coloured, size = False, (0, 0)
    for file in files:
        with _opened(file) as image:
            if image.mode not in GRAY | COLOUR:
                raise InvalidSource(f"{file}: pixels of mode {image.mode}; convert it to 8-bit grayscale or RGB")
            coloured = coloured or image.mode in COLOUR
            if file == files[0]:
                size = image.size
            if image.size != size:
                raise InvalidSource(
                    f"{files[0]} is {size[0]} x {size[1]} and {file} is {image.size[0]} x {image.size[1]}; "
                    "resize all images to one size"
                )
    if size[0] > LIMITS["width"] or size[1] > LIMITS["height"]:
        raise InvalidSource(
            f"{files[0]} is {size[0]} x {size[1]}; the limit is {LIMITS['width']} x {LIMITS['height']}: make it smaller"
        )
    return 3 if coloured else 1, size


def _split(files: Labelled, shape: tuple[int, int, int]) -> Split:
    channels, height, width = shape
    pixels = np.empty((len(files), *shape), dtype=np.uint8)
    for index, (file, _) in enumerate(files):
        with _opened(file) as image:
            decoded = np.asarray(image.convert("RGB" if channels == 3 else "L"))
            pixels[index] = decoded.reshape(height, width, channels).transpose(2, 0, 1)
    return Split(torch.from_numpy(pixels), torch.tensor([label for _, label in files], dtype=torch.int64))


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    pillow = package("PIL.Image")
    try:
        with pillow.open(file) as image:
            yield image
    # What Pillow raises for a file, or for pixels, that it cannot read.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, pillow.DecompressionBombError) as error:
        raise InvalidSource(f"{file}: not a readable image ({error}); replace or remove it") from error


def _folders(path: Path) -> list[Path]:
    return [entry for entry in _visible(path) if entry.is_dir()]


def _visible(path: Path) -> list[Path]:
    try:
        return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise FileAccess(f"cannot read the folder {path}: {error.strerror or error}; check its permissions") from error
