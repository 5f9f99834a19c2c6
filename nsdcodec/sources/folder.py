"""Sources in folders of image files: one folder a class, or train/ and test/ (or val/) with one folder a class each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nsdcodec.errors import InvalidSource
from nsdcodec.geometry import LIMITS
from nsdcodec.sources.base import Source, augmentation
from nsdcodec.sources.image_files import folders, image_files, opened, split_of_files

GRAY = frozenset({"1", "L", "LA"})
COLOUR = frozenset({"RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr"})
# Mogrify changes the files in place, hence a copy; each image fills the square and is cut off at its longer sides.
RESIZE = "find COPY -type f -exec mogrify -resize '64x64^' -gravity center -extent 64x64 {} +"


def load(path: Path) -> Source:
    """Named after the folder. Classes are the sorted folder names; hidden files and files beside the class folders are
    ignored. Images are grayscale if all files are, else RGB; transparency is dropped.

    Raises InvalidSource (mixed sizes, an unreadable file, no classes), FileAccess; MissingData without Pillow.
    """
    name = path.resolve().name
    train_root, test_root = _roots(path)
    classes = tuple(folder.name for folder in folders(train_root))
    if not classes:
        raise InvalidSource(f"{train_root}: no class folders; put the images of each class into a folder of its own")
    train = _files(train_root, classes)
    test = _files(test_root, classes) if test_root else []
    if not train:
        raise InvalidSource(f"{train_root}: {len(classes)} class folders without one image; add images")
    channels, (width, height) = _shape([file for file, _ in train + test])
    shape = (channels, height, width)
    test_split = split_of_files(test, shape) if test_root else None
    return Source(name, classes, split_of_files(train, shape), test_split, augmentation(name))


def _roots(path: Path) -> tuple[Path, Path | None]:
    """Where the class folders of train and test are. A class may be called "train": then it holds no folders."""
    parts = {folder.name: folder for folder in folders(path)}
    if "train" not in parts or not folders(parts["train"]):
        return path, None
    return parts["train"], parts.get("test", parts.get("val"))


def _files(root: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    labels = {name: label for label, name in enumerate(classes)}
    files = []
    for folder in folders(root):
        if folder.name not in labels:
            raise InvalidSource(
                f"{folder}: the training set has no class of this name; add it there or remove this one"
            )
        files += [(file, labels[folder.name]) for file in image_files(folder)]
    return files


def _shape(files: Sequence[Path]) -> tuple[int, tuple[int, int]]:
    """Channels, and (width, height), of all files, from their headers alone: nothing is decoded before all agree."""
    coloured, size = False, (0, 0)
    for file in files:
        with opened(file) as image:
            if image.mode not in GRAY | COLOUR:
                raise InvalidSource(f"{file}: pixels of mode {image.mode}; convert it to 8-bit grayscale or RGB")
            coloured = coloured or image.mode in COLOUR
            if file == files[0]:
                size = image.size
            if image.size != size:
                raise InvalidSource(
                    f"{files[0]} is {size[0]} x {size[1]} and {file} is {image.size[0]} x {image.size[1]}; "
                    f"resize all images to one size, for example by ImageMagick: {RESIZE}"
                )
    if size[0] > LIMITS["width"] or size[1] > LIMITS["height"]:
        raise InvalidSource(
            f"{files[0]} is {size[0]} x {size[1]}; the limit is {LIMITS['width']} x {LIMITS['height']}: make it smaller"
        )
    return 3 if coloured else 1, size
