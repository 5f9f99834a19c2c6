"""Sources in WebDataset tars: KEY.png (or another picture) and KEY.cls, one after the other. Nothing is unpickled."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

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
# Two blocks of zeros end a tar. More fill its last record, which is 10 kB for most writers, and longer for tapes.
END = bytes(2 * tarfile.BLOCKSIZE)
MAX_FILLING = 1 << 16


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
        with file.open("rb") as opened, tarfile.open(fileobj=opened, mode="r:") as tar:
            for member in tar:
                # A sparse one may be larger than the disk.
                if not member.isreg() or member.issparse() or member.name.rpartition("/")[2].startswith("."):
                    continue
                stream = tar.extractfile(member)
                assert stream is not None, member
                yield member.name, stream.read()
            _check_end(file, opened, tar.offset)
    except OSError as error:
        raise FileAccess(
            f"cannot read {file}: {error.strerror or error}; check the name and its permissions"
        ) from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InvalidSource(f"{file}: not a readable tar file ({error}); make or fetch it again") from error


def _check_end(file: Path, opened: BinaryIO, place: int) -> None:
    """That the archive ends at `place`, where reading did: tarfile takes a damaged header, or none, for the end. Raises
    InvalidSource."""
    size = opened.seek(0, io.SEEK_END)
    opened.seek(place)
    if opened.read(len(END)) != END:
        raise InvalidSource(
            f"{file}: not a whole tar file: at byte {place:,} of {size:,} there is neither a sound header nor the "
            "archive's end; make or fetch it again"
        )
    rest = size - place - len(END)
    if any(opened.read(MAX_FILLING)):
        raise InvalidSource(
            f"{file}: {rest:,} bytes stand behind the archive's end, which is at byte {place:,} of {size:,}; if it is "
            "several tar files, one after the other, give each a file of its own; otherwise make or fetch it again"
        )
    if rest > MAX_FILLING:
        raise InvalidSource(
            f"{file}: {rest:,} bytes stand behind the archive's end, which is at byte {place:,} of {size:,}, as in a "
            f"download that stopped; a tar file ends with at most {MAX_FILLING:,}: make or fetch it again"
        )


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
