"""Compare two files: the differences of their header fields, arrays, decoded images and labels."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nsdcodec.errors import InvalidSetting, MalformedFile
from nsdcodec.format import synthesis
from nsdcodec.format.class_names import numbers_in, places, renumbered, union
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.container.values import Array
from nsdcodec.format.layout import Layout
from nsdcodec.format.stored_types import ArraySpec

PEAK = 255.0  # of a pixel, as in every PSNR of 8-bit images
CHUNK_VALUES = 1 << 22  # values that are compared at once, or held by the making of one chunk of images
_ABSENT = object()


@dataclass(frozen=True)
class FieldDifference:
    """A header field that differs, by its dotted path. If a file does not have the field, `values` has no entry for
    it."""

    path: str
    values: Mapping[str, Any]  # by "a" and "b"


@dataclass(frozen=True)
class ArrayError:
    """The difference of two arrays of the same shape: how many values differ; for floats also the largest absolute
    difference and the signal-to-noise ratio in dB, 10 log10(sum a^2 / sum (a - b)^2), which is infinite if no value
    differs."""

    differing: int
    largest: float | None = None
    snr: float | None = None


@dataclass(frozen=True)
class StoredArray:
    spec: ArraySpec
    coding: str


@dataclass(frozen=True)
class ArrayDifference:
    """An array that differs, in how it is stored or in its values. `a` or `b` is None if that file does not have it;
    `error` is None if the shapes differ."""

    a: StoredArray | None
    b: StoredArray | None
    error: ArrayError | None

    @property
    def same_content(self) -> bool:
        """True if type, shape and values are the same, so that only the coding differs."""
        same_spec = self.a is not None and self.b is not None and self.a.spec == self.b.spec
        return same_spec and self.error is not None and self.error.differing == 0


@dataclass(frozen=True)
class ImageError:
    """The difference of the images of two files, over all images. A pixel is (value * std + mean) * 255, with each
    file's own normalization. It is neither rounded nor clipped, since training also sees values outside 0 to 255.

    `psnr` in dB is 10 log10(255^2 / mean squared error), infinite if no pixel differs. `largest` is the largest
    absolute difference of two pixels, `largest_normalized` that of two normalised values. `differing` is the number of
    images with any difference.
    """

    psnr: float
    largest: float
    largest_normalized: float
    differing: int


@dataclass(frozen=True)
class LabelError:
    """`differing` is the number of images with another class (for soft labels, the most likely class). If both files
    have soft labels, `largest` is the largest absolute difference of two probabilities. Classes are the same if their
    names are, whatever their numbers; names that only number the classes go with those of any other file."""

    differing: int
    largest: float | None = None


@dataclass(frozen=True)
class Differences:
    """The differences of files a and b. `images` is None if the numbers or shapes of images differ, and `labels` if the
    numbers of images do."""

    identical: bool  # the same bytes
    header: tuple[FieldDifference, ...]
    arrays: Mapping[str, ArrayDifference]  # by role: only those that differ
    images: ImageError | None
    labels: LabelError | None

    @property
    def same_content(self) -> bool:
        """True if every header field, array type, shape and value that this reader knows is the same. Then all images
        and labels are the same too; only the coding of the arrays may differ."""
        return not self.header and all(array.same_content for array in self.arrays.values())


def compare(a: NSDFile, b: NSDFile) -> Differences:
    """Compares two files: header fields, arrays, decoded images and labels.

    Arguments:
        a, b: two files, as `read` returns them.

    Returns:
        What differs. `same_content` is true if nothing does; `identical` if even the bytes are the same.

    Raises:
        MalformedFile: a decoded image has values that are not finite (rule NSD-S04).

    Examples:
        >>> conversion = convert("c10.nsd", "small.nsd", "int8")
        >>> found = compare(read("c10.nsd"), read("small.nsd"))
        >>> found.same_content, sorted(found.arrays), found.images.differing
        (False, ['batch_kernel', 'spectrum'], 220)
    """
    if a.digest == b.digest:
        return Differences(True, (), {}, ImageError(math.inf, 0.0, 0.0, 0), LabelError(0))
    shapes = [image_count_and_shape(file.header.layout) for file in (a, b)]
    return Differences(
        identical=False,
        header=_header_differences(a, b),
        arrays={
            role: array
            for role in dict.fromkeys([*a.arrays, *b.arrays])
            if (array := _array_difference(role, a, b)) is not None
        },
        images=image_error(a, b) if shapes[0] == shapes[1] else None,
        labels=_label_error(a, b) if shapes[0][0] == shapes[1][0] else None,
    )


def image_error(a: NSDFile, b: NSDFile) -> ImageError:
    """The error of the images of `b` with respect to those of `a`, image by image. They are decoded in float32 and
    compared in float64, in chunks, so that the memory is bounded. Raises InvalidSetting if the files have different
    numbers or shapes of images, and MalformedFile (S04) if a decoded image is not finite."""
    if image_count_and_shape(a.header.layout) != image_count_and_shape(b.header.layout):
        raise InvalidSetting(
            f"{describe_images(a.header.layout)} and {describe_images(b.header.layout)} cannot be compared one by one; "
            "compare files of as many images of one shape"
        )
    arrays = [{role: synthesis.to_torch(values) for role, values in file.arrays.items()} for file in (a, b)]
    squares, largest, largest_normalized, differing = 0.0, 0.0, 0.0, 0
    chunk = min(_images_at_once(file.header.layout) for file in (a, b))
    for index in torch.arange(a.header.layout.images).split(chunk):
        first, first_pixels = _decode(a, arrays[0], index)
        second, second_pixels = _decode(b, arrays[1], index)
        normalized, pixels = (first - second).abs(), (first_pixels - second_pixels).abs()
        squares += float(pixels.square().sum())
        largest = max(largest, float(pixels.max()))
        largest_normalized = max(largest_normalized, float(normalized.max()))
        differing += int((normalized + pixels).flatten(1).any(dim=1).sum())
    count = a.header.layout.images * math.prod(image_count_and_shape(a.header.layout)[1:])
    psnr = 20 * math.log10(PEAK) - 10 * math.log10(squares / count) if squares > 0 else math.inf
    return ImageError(psnr, largest, largest_normalized, differing)


def array_error(a: Array, b: Array) -> ArrayError:
    """The difference of two arrays of the same shape and any types, computed in chunks. Raises ValueError if the shapes
    differ."""
    if a.shape != b.shape:
        raise ValueError(f"arrays of the shapes {a.shape} and {b.shape} have no difference")
    floats = a.dtype.kind == "f" or b.dtype.kind == "f"
    differing, signal, noise, largest = 0, 0.0, 0.0, 0.0
    for start in range(0, a.size, CHUNK_VALUES):
        first, second = (array.reshape(-1)[start : start + CHUNK_VALUES].astype(np.float64) for array in (a, b))
        error = np.abs(first - second)
        differing += int(np.count_nonzero(error))
        signal += float(np.square(first).sum())
        noise += float(np.square(error).sum())
        largest = max(largest, float(error.max()))
    if not floats:
        return ArrayError(differing)
    snr = math.inf if noise == 0 else -math.inf if signal == 0 else 10 * (math.log10(signal) - math.log10(noise))
    return ArrayError(differing, largest, snr)


def image_count_and_shape(layout: Layout) -> tuple[int, int, int, int]:
    """(images, channels, height, width)."""
    geometry = layout.geometry
    return (layout.images, geometry.channels, geometry.height, geometry.width)


def describe_images(layout: Layout) -> str:
    images, channels, height, width = image_count_and_shape(layout)
    return f"{images:,} images of {channels} x {height} x {width}"


def _images_at_once(layout: Layout) -> int:
    values = layout.image_values
    if layout.synthesis.batch == "stored":  # an image takes a whole spectrum with it through the batch axis
        values = max(values, layout.arrays["spectrum"].size // layout.spectra)
    return max(1, CHUNK_VALUES // values)


def _decode(file: NSDFile, arrays: Mapping[str, Tensor], index: Tensor) -> tuple[Tensor, Tensor]:
    """Images float64 [n, C, H, W] in normalised units, and as pixels."""
    with torch.no_grad():
        images = synthesis.images(file.header.layout, arrays, index).double()
    mean = torch.tensor(file.header.normalization.mean, dtype=torch.float64)[:, None, None]
    std = torch.tensor(file.header.normalization.std, dtype=torch.float64)[:, None, None]
    pixels = (images * std + mean) * PEAK
    finite = pixels.isfinite().flatten(1).all(dim=1)
    if not finite.all():
        raise MalformedFile("NSD-S04", f"image {int(index[~finite][0])} is not finite once decoded")
    return images, pixels


def _header_differences(a: NSDFile, b: NSDFile) -> tuple[FieldDifference, ...]:
    """All of the header but the table of arrays, which follows from the rest of the file."""
    documents = [json.loads(file.header.to_json()) for file in (a, b)]
    for document in documents:
        del document["arrays"]
    return tuple(_field_differences("", *documents))


def _field_differences(path: str, a: Any, b: Any) -> Iterator[FieldDifference]:
    """Compares objects by their fields, and lists of the same length by their items. `_ABSENT` marks a value that a
    file does not have."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            inner = f"{path}.{name}" if path else name
            yield from _field_differences(inner, a.get(name, _ABSENT), b.get(name, _ABSENT))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, pair in enumerate(zip(a, b, strict=True)):
            yield from _field_differences(f"{path}[{i}]", *pair)
    elif type(a) is not type(b) or a != b:  # true is not 1
        yield FieldDifference(path, {side: value for side, value in (("a", a), ("b", b)) if value is not _ABSENT})


def _array_difference(role: str, a: NSDFile, b: NSDFile) -> ArrayDifference | None:
    stored = [_stored(role, file) for file in (a, b)]
    same_shape = role in a.arrays and role in b.arrays and a.arrays[role].shape == b.arrays[role].shape
    error = array_error(a.arrays[role], b.arrays[role]) if same_shape else None
    if error is not None and error.differing == 0 and stored[0] == stored[1]:
        return None
    return ArrayDifference(stored[0], stored[1], error)


def _stored(role: str, file: NSDFile) -> StoredArray | None:
    if role not in file.arrays:
        return None
    return StoredArray(file.header.layout.arrays[role], file.coding(role))


def _label_error(a: NSDFile, b: NSDFile) -> LabelError:
    names = union([a.header.classes, b.header.classes])
    in_a = numbers_in(a.header.classes, b.header.classes)
    numbers = (places(names, a.header.classes), in_a or places(names, b.header.classes))
    (labels, classes), (other_labels, other_classes) = (
        tuple(renumbered(each, own, len(names)) for each in _labels(file))
        for file, own in zip((a, b), numbers, strict=True)
    )
    soft = labels.ndim == other_labels.ndim == 2
    return LabelError(
        int((classes != other_classes).sum()), float((labels - other_labels).abs().max()) if soft else None
    )


def _labels(file: NSDFile) -> tuple[Tensor, Tensor]:
    """Labels, and the class of each image: of soft labels by the scores as they are stored, as in NSDDataset."""
    stored = {role: synthesis.to_torch(values) for role, values in file.arrays.items() if role == "labels"}
    labels = synthesis.labels(file.header.layout, stored)
    return labels, synthesis.hard_labels(stored["labels"] if labels.ndim == 2 else labels)
