"""Sources in folders of image files: one folder a class, or a folder for each split with one folder a class each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nsdcodec.errors import InvalidSource
from nsdcodec.format.folder_names import ABOUT_FILE, folder_names
from nsdcodec.sources import splits
from nsdcodec.sources.arrays import listed_names
from nsdcodec.sources.base import Source, augmentation
from nsdcodec.sources.files import folders, visible
from nsdcodec.sources.image_files import frame_of_files, split_of_files
from nsdcodec.sources.sizes import Size


def load(path: Path, size: Size | None = None) -> Source:
    """Named after the folder. Classes are the sorted folder names, or the names for which an export made the folders;
    hidden files and files beside the class folders are ignored. Images are grayscale if all files are, else RGB, as
    `split_of_files` makes them, and of the width and height `size`, or as `sizes.frame` says.

    Raises InvalidSource (an unreadable file, no classes, a doubt about the splits), FileAccess; MissingData without
    Pillow.
    """
    name = path.resolve().name
    train_root, test_root, left_out = _roots(path)
    classes = tuple(name for _, name in _class_folders(train_root))
    if not classes:
        raise InvalidSource(f"{train_root}: no class folders; put the images of each class into a folder of its own")
    train = _files(train_root, classes)
    test = _files(test_root, classes) if test_root else []
    if not train:
        raise InvalidSource(f"{train_root}: {len(classes)} class folders without one image; add images")
    frame = frame_of_files([file for file, _ in train + test], size)
    test_split = split_of_files(test, frame.shape, frame.fit) if test_root else None
    train_split = split_of_files(train, frame.shape, frame.fit)
    return Source(name, classes, train_split, test_split, augmentation(name), left_out, frame.note)


def _roots(path: Path) -> tuple[Path, Path | None, tuple[str, ...]]:
    """The folders that hold the class folders of train and of test, and the names of folders beside them. A class may
    be called "train": then that folder holds no folders."""
    inside = {folder.name: folder for folder in folders(path)}
    if not any(splits.TRAIN in splits.said(name) and folders(folder) for name, folder in inside.items()):
        return path, None, ()
    train, test, left_out = splits.one_of_each(str(path), list(inside))
    if test and not folders(inside[test]):
        raise InvalidSource(
            f"{inside[test]}: no class folders, and its images have no classes without them; sort them into folders "
            f"named as those of {train}/, or give {inside[train]} itself"
        )
    return inside[train], inside[test] if test else None, left_out


def _files(root: Path, classes: Sequence[str]) -> list[tuple[Path, int]]:
    labels = {name: label for label, name in enumerate(classes)}
    files = []
    for folder, name in _class_folders(root):
        if name not in labels:
            raise InvalidSource(
                f"{folder}: the training set has no class of this name; add it there or remove this one"
            )
        entries = visible(folder)
        if any(entry.is_dir() for entry in entries):
            raise InvalidSource(_nested(root, folder))
        files += [(file, labels[name]) for file in entries]
    return files


def _nested(root: Path, folder: Path) -> str:
    """What to do about folders in this class folder. Nothing that loses what they say: their names may be the classes,
    and files of two folders may have one name."""
    inside = folders(folder)
    message = f"{inside[0]}: a folder inside a class folder; "
    if any(not entry.is_dir() for entry in visible(folder)):
        return f"{message}{folder} has images beside it: move it out of {root}"
    alike = [entry for entry in folders(root) if folders(entry)]
    if len(alike) == 1:
        return f"{message}{folder} holds no images: if its folders are the classes, give {folder} itself"
    names = ", ".join(f"{entry.name}/" for entry in alike[:5]) + (" and more" if alike[5:] else "")
    return (
        f"{message}{names} hold no images: if they are the splits of a set, call them train/ and test/; if each is a "
        f"set, give one, such as {folder}; if each is a class, copy its images into one folder, none over another"
    )


def _class_folders(root: Path) -> list[tuple[Path, str]]:
    """The sorted folders, each with the name of its class: its own, or the one for which an export made it."""
    try:
        about = json.loads((root / ABOUT_FILE).read_text(encoding="utf-8"))
        names = listed_names(str(root / ABOUT_FILE), about["classes"])
        exported = dict(zip(folder_names(names), names, strict=True))
    # There is no such file, or it is not of an export.
    except (OSError, ValueError, KeyError, TypeError, RecursionError, InvalidSource):
        exported = {}
    return [(folder, exported.get(folder.name, folder.name)) for folder in folders(root)]
