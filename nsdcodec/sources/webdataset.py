"""Sources in WebDataset tars: KEY.png (or another picture) and KEY.cls, one after the other. Nothing is unpickled."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nsdcodec.errors import FileAccess, InvalidSource
from nsdcodec.format.geometry import LIMITS
from nsdcodec.sources import shards
from nsdcodec.sources.arrays import numbered_classes
from nsdcodec.sources.base import Source, augmentation
from nsdcodec.sources.files import names_in
from nsdcodec.sources.image_files import Encoded, ImageFile, frame_of_files, split_of_files
from nsdcodec.sources.sizes import Size

SUFFIX = ".tar"
CLASS_NAMES = "classnames.txt"
PICTURES = frozenset({"png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm"})


def in_folder(path: Path) -> bool:
    return bool(shards.train_and_test(path, SUFFIX).train)


def load(path: Path, size: Size | None = None) -> Source:
    """Loads a .tar file, a pattern such as train-{000..004}.tar, or the .tar files of a folder by the splits that their
    names say. Class names are the lines of classnames.txt beside the files; without it they are numbers.
    Images are of the width and height `size`, or as `sizes.frame` says.

    Raises InvalidSource and FileAccess, and MissingData without Pillow.
    """
    files = shards.train_and_test(path, SUFFIX)
    if not files.train:
        raise InvalidSource(f"{path}: no training file; name it train-000000{SUFFIX} or so")
    train, test = ([sample for file in part for sample in _samples(file)] for part in (files.train, files.test))
    if not train:
        raise InvalidSource(f"{path}: no samples; a sample is KEY.png and KEY.cls")
    frame = frame_of_files([file for file, _ in train + test], size)
    splits = [split_of_files(part, frame.shape, frame.fit) if part else None for part in (train, test)]
    assert splits[0] is not None
    name = path.resolve().name if path.is_dir() else path.stem.partition("-{")[0]
    folder = path if path.is_dir() else path.parent
    classes = _classes(folder, splits[0].labels.numpy())
    return Source(name, classes, splits[0], splits[1], augmentation(name), files.left_out, frame.note)


def _samples(file: Path) -> Iterator[tuple[ImageFile, int]]:
    """Files of one sample stand together; their names are the same up to the first dot."""
    key, parts = "", dict[str, bytes]()
    for name, content in _members(file):
        folder, _, base = name.rpartition("/")
        stem, _, extension = base.partition(".")
        if f"{folder}/{stem}" != key:
            if parts:
                yield _sample(f"{file}: {key.lstrip('/')}", parts)
            key, parts = f"{folder}/{stem}", {}
        parts[extension.lower()] = content
    if parts:
        yield _sample(f"{file}: {key.lstrip('/')}", parts)


def _members(file: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(file, "r:") as tar:
            for member in tar:
                # A sparse one may be larger than the disk.
                if not member.isreg() or member.issparse() or member.name.rpartition("/")[2].startswith("."):
                    continue
                stream = tar.extractfile(member)
                assert stream is not None, member
                yield member.name, stream.read()
    except OSError as error:
        raise FileAccess(
            f"cannot read {file}: {error.strerror or error}; check the name and its permissions"
        ) from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InvalidSource(f"{file}: not a readable tar file ({error}); make or fetch it again") from error


def _sample(where: str, parts: dict[str, bytes]) -> tuple[ImageFile, int]:
    pictures = [extension for extension in parts if extension.split(".")[-1] in PICTURES]
    if len(pictures) != 1:
        raise InvalidSource(
            f"{where}: {len(pictures)} pictures among .{', .'.join(sorted(parts))}; a sample needs one, and one label"
        )
    return Encoded(f"{where}.{pictures[0]}", parts[pictures[0]]), _label(where, parts)


def _label(where: str, parts: dict[str, bytes]) -> int:
    try:
        label = int(parts["cls"]) if "cls" in parts else json.loads(parts["json"])["label"]
        if type(label) is not int or not 0 <= label < LIMITS["classes"]:
            raise ValueError(f"it is {str(label)[:40]!r}")
        return label
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidSource(
            f"{where}: no label ({error}); store the class number, 0 to {LIMITS['classes'] - 1:,}, in .cls "
            "or as `label` in .json"
        ) from error


def _classes(folder: Path, labels: NDArray[Any]) -> tuple[str, ...]:
    file = folder / CLASS_NAMES
    # A link to nowhere is there too: its names are missing, not left to be numbers.
    return names_in(file) if os.path.lexists(file) else numbered_classes(str(folder), labels)
