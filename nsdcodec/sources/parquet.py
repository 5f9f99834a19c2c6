"""Sources in Parquet, as on the Hugging Face hub: a column of images, and one of labels. Needs the extra `export`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.format.class_names import union
from nsdcodec.format.geometry import LIMITS
from nsdcodec.sources import shards
from nsdcodec.sources.arrays import numbered_classes, split_of_arrays
from nsdcodec.sources.base import Source, Split, augmentation, check_classes
from nsdcodec.sources.image_files import Encoded, frame_of_files, split_of_files
from nsdcodec.sources.sizes import Frame, Size
from nsdcodec.system.packages import package

SUFFIX = ".parquet"
# Columns by the names that the sets of the field give them; the first that is there is taken.
IMAGES = ("image", "img", "images", "pixels", "pixel_values")
LABELS = ("label", "labels", "fine_label", "class", "target")


@dataclass(frozen=True, eq=False)
class Columns:
    """Images as files in memory, or as an array [N, ...]; labels as class names, or as numbers without names. `names`
    are those of the classes, in their order, where the files say them."""

    where: str
    images: list[Encoded] | NDArray[Any]
    labels: list[int] | list[str]
    names: tuple[str, ...]


def in_folder(path: Path) -> bool:
    return bool(shards.train_and_test(path, SUFFIX).train)


def load(path: Path, size: Size | None = None, name: str | None = None) -> Source:
    """Loads one file, or the files of a folder, or of its data/, by the splits that their names say. The source is
    named after the path, unless a `name` is given. Image files are of the width and height `size`, or as `sizes.frame`
    says.

    An image is {bytes: a PNG or JPEG, path}, the bytes alone, or nested lists of 0 to 255. A label is a class number or
    a class name. The names of class numbers are those of ClassLabel in the metadata of the same file, and labels of
    several files go by these names; without any, they are the numbers themselves. Class names without such a list are
    sorted. Raises InvalidSource, and MissingData without pyarrow.
    """
    files = shards.train_and_test(path, SUFFIX)
    if not files.train:
        raise InvalidSource(f"{path}: no training file; name it train-00000-of-00001{SUFFIX} or so")
    train = _columns(files.train)
    test = _columns(files.test) if files.test else None
    if test:
        _require_one_kind([train, test])
    classes = train.names or _classes(str(path), train.labels)
    name = name or (path.resolve().name if path.is_dir() else path.stem)
    frame = _frame(train, test, size)
    train_split, test_split = _split(train, classes, frame), _split(test, classes, frame) if test else None
    return Source(name, classes, train_split, test_split, augmentation(name), files.left_out, frame.note)


def _columns(files: Sequence[Path]) -> Columns:
    """The columns of all files, one after the other."""
    found = [_read(file) for file in files]
    _require_one_kind(found)
    images = [columns.images for columns in found]
    labels: list[Any] = [label for columns in found for label in columns.labels]
    where, names = str(files[0]), union(columns.names for columns in found)
    if all(isinstance(part, list) for part in images):
        return Columns(where, [image for part in images for image in part], labels, names)
    try:
        return Columns(where, np.concatenate([np.asarray(part) for part in images]), labels, names)
    except ValueError as error:
        raise InvalidSource(f"{where}: its images differ in shape from those of other files ({error})") from error


def _require_one_kind(found: Sequence[Columns]) -> None:
    """Raises InvalidSource if some have class names and others numbers without names: whose numbers are they?"""
    with_names = [columns for columns in found if columns.labels and isinstance(columns.labels[0], str)]
    without = [columns for columns in found if columns.labels and not isinstance(columns.labels[0], str)]
    if with_names and without:
        raise InvalidSource(
            f"{with_names[0].where} names its classes, and {without[0].where} has numbers without names; store the "
            "names in all files, as ClassLabel or as texts, or in none"
        )


def _read(file: Path) -> Columns:
    arrow, parquet = package("pyarrow", "export"), package("pyarrow.parquet", "export")
    try:
        with parquet.ParquetFile(file) as opened:
            schema = opened.schema_arrow
            features = _features(schema.metadata or {})
            image = _column(file, schema.names, IMAGES, features, "Image")
            label = _column(file, schema.names, LABELS, features, "ClassLabel")
            table = opened.read(columns=[image, label])
        images, labels = table.column(image).to_pylist(), table.column(label).to_pylist()
    # What pyarrow raises for a file that it cannot read; some are ValueErrors, some RuntimeErrors.
    except (OSError, arrow.ArrowException, RuntimeError, ValueError) as error:
        raise InvalidSource(f"{file}: not a readable Parquet file ({error}); make or fetch it again") from error
    names = tuple(map(str, features.get(label, {}).get("names") or []))
    check_classes(str(file), names)
    return Columns(str(file), _images(file, image, images), _labels(file, label, labels, names), names)


def _features(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """What `datasets` wrote about the columns; empty if it wrote nothing, or something else."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {str(name): feature for name, feature in features.items() if isinstance(feature, dict)}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _column(file: Path, names: Sequence[str], known: Sequence[str], features: dict[str, Any], kind: str) -> str:
    of_kind = [name for name in names if features.get(name, {}).get("_type") == kind]
    found = [name for name in known if name in names] or of_kind
    if not found:
        raise InvalidSource(
            f"{file}: no column {' or '.join(known)}; it has {', '.join(names) or 'none'}: rename the one that it is"
        )
    return found[0]


def _images(file: Path, column: str, values: list[Any]) -> list[Encoded] | NDArray[Any]:
    contents = [value.get("bytes") if isinstance(value, dict) else value for value in values]
    if None in contents:
        row = contents.index(None)
        raise InvalidSource(f"{file}, row {row}: `{column}` has no image in it; store its bytes, not a path alone")
    encoded = [Encoded(f"{file}, row {row}", value) for row, value in enumerate(contents) if isinstance(value, bytes)]
    if len(encoded) == len(contents):
        return encoded
    try:
        pixels = np.asarray(contents)
        if pixels.dtype.kind not in "iu" or pixels.min() < 0 or pixels.max() > 255:
            raise ValueError(f"they are {pixels.dtype} from {pixels.min()} to {pixels.max()}")
    except (ValueError, TypeError) as error:
        raise InvalidSource(
            f"{file}: the values of `{column}` are neither image files nor pixels ({error}); store PNGs, or integers "
            "0 to 255 in lists of one shape"
        ) from error
    return pixels.astype(np.uint8)


def _labels(file: Path, column: str, values: list[Any], names: Sequence[str]) -> list[int] | list[str]:
    """Class numbers become names where the file has these, since those of another file may stand in another order."""
    texts = bool(values) and isinstance(values[0], str)
    most = len(names) or LIMITS["classes"]
    for row, value in enumerate(values):
        # Minus one is what the hub has for "not told".
        if not (isinstance(value, str) if texts else type(value) is int and 0 <= value < most):
            raise InvalidSource(
                f"{file}, row {row}: `{column}` is {str(value)[:40]!r}; store a class number, 0 to {most - 1:,}, or a "
                "class name in every row"
            )
    return [names[value] for value in values] if names and not texts else values


def _classes(where: str, labels: list[int] | list[str]) -> tuple[str, ...]:
    if labels and isinstance(labels[0], str):
        return tuple(sorted({str(label) for label in labels}))
    return numbered_classes(where, np.asarray(labels, dtype=np.int64))


def _frame(train: Columns, test: Columns | None, size: Size | None) -> Frame:
    """Of all images that are files; arrays have theirs, which the source checks."""
    parts = [train, test] if test else [train]
    files = [image for part in parts if isinstance(part.images, list) for image in part.images]
    return frame_of_files(files, size) if files else Frame((0, 0, 0))


def _split(columns: Columns, classes: Sequence[str], frame: Frame) -> Split:
    labels = _numbers(columns, classes)
    if isinstance(columns.images, list):
        return split_of_files(list(zip(columns.images, labels, strict=True)), frame.shape, frame.fit)
    return split_of_arrays(columns.where, columns.images, np.asarray(labels, dtype=np.int64))


def _numbers(columns: Columns, classes: Sequence[str]) -> list[int]:
    numbers = {name: label for label, name in enumerate(classes)}
    labels = [numbers.get(label, -1) if isinstance(label, str) else label for label in columns.labels]
    if -1 in labels:
        row = labels.index(-1)
        raise InvalidSource(
            f"{columns.where}, row {row}: the training set has no class {columns.labels[row]!r}; add it there or "
            "remove the row"
        )
    return labels
