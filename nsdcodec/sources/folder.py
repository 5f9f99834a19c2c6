"""Sources in folders of image files: one folder a class, or train/ and test/ (or val/) with one folder a class each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nsdcodec.errors import InvalidSource
from nsdcodec.format.folder_names import ABOUT_FILE, folder_names
from nsdcodec.sources.arrays import class_names
from nsdcodec.sources.base import Source, augmentation
from nsdcodec.sources.image_files import folders, image_files, shape_of_files, split_of_files


def load(path: Path) -> Source:
    """Named after the folder. Classes are the sorted folder names, or the names for which an export made the folders;
    hidden files and files beside the class folders are ignored. Images are grayscale if all files are, else RGB;
    transparency is dropped.

    Raises InvalidSource (mixed sizes, an unreadable file, no classes), FileAccess; MissingData without Pillow.
    """
    name = path.resolve().name
    train_root, test_root = _roots(path)
    classes = tuple(name for _, name in _class_folders(train_root))
    if not classes:
        raise InvalidSource(f"{train_root}: no class folders; put the images of each class into a folder of its own")
    train = _files(train_root, classes)
    test = _files(test_root, classes) if test_root else []
    if not train:
        raise InvalidSource(f"{train_root}: {len(classes)} class folders without one image; add images")
    shape = shape_of_files([file for file, _ in train + test])
    test_split = split_of_files(test, shape) if test_root else None
    return Source(name, classes, split_of_files(train, shape), test_split, augmentation(name))


def _roots(path: Path) -> tuple[Path, Path | None]:
    """The folders that hold the class folders of train and of test. A class may be called "train": then that folder
    holds no folders."""
    parts = {folder.name: folder for folder in folders(path)}
    if "train" not in parts or not folders(parts["train"]):
        return path, None
    return parts["train"], parts.get("test", parts.get("val"))


def _files(root: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    labels = {name: label for label, name in enumerate(classes)}
    files = []
    for folder, name in _class_folders(root):
        if name not in labels:
            raise InvalidSource(
                f"{folder}: the training set has no class of this name; add it there or remove this one"
            )
        files += [(file, labels[name]) for file in image_files(folder)]
    return files


def _class_folders(root: Path) -> list[tuple[Path, str]]:
    """The sorted folders, each with the name of its class: its own, or the one for which an export made it."""
    try:
        about = json.loads((root / ABOUT_FILE).read_text(encoding="utf-8"))
        names = class_names(str(root / ABOUT_FILE), about["classes"])
        exported = dict(zip(folder_names(names), names, strict=True))
    # There is no such file, or it is not of an export.
    except (OSError, ValueError, KeyError, TypeError, RecursionError, InvalidSource):
        exported = {}
    return [(folder, exported.get(folder.name, folder.name)) for folder in folders(root)]
