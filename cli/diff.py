"""nsdc diff: show what differs between two files."""

from __future__ import annotations

import json as json_module
import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nsdcodec.errors import FileAccess, NsdError

from . import options, output

if TYPE_CHECKING:
    from nsdcodec.format.comparison import ArrayDifference, Differences, StoredArray
    from nsdcodec.format.container.file import NSDFile

DIFFERENT = 1  # the exit code, as of diff(1)
LONGEST = 60  # characters of a header value that are shown


def diff(a: options.FileArgument, b: options.FileArgument, json: bool = output.JSON) -> None:
    """Compare two files: header, arrays, decoded images, labels.

    The exit code is 0 if they hold the same (even in other bytes), and 1 if they differ.
    """
    from nsdcodec.format.comparison import compare

    first, second = _read(a), _read(b)
    found = compare(first, second)
    if json:
        output.print_json(_document(a, b, first, second, found))
    elif found.identical:
        print(f"identical: {first.nbytes:,} bytes")
    else:
        _print(a, b, first, second, found)
    sys.exit(0 if found.same_content else DIFFERENT)


def _read(file: str) -> NSDFile:
    """Errors name the file, since there are two."""
    from nsdcodec.format.container.file import read
    from nsdcodec.format.container.remote import without_secrets

    try:
        return read(file)
    except FileAccess:
        raise  # it names it
    except NsdError as error:
        print(output.printable(f"error: {without_secrets(file)}: {error}"), file=sys.stderr)
        sys.exit(error.exit_code)


def _print(a: str, b: str, first: NSDFile, second: NSDFile, found: Differences) -> None:
    from nsdcodec.format.container.remote import without_secrets

    if found.same_content:
        print("same content, other bytes")
    rows = [["bytes", f"{first.nbytes:,}", f"{second.nbytes:,}"]]
    for field in found.header:
        rows.append([field.path, *(_short(field.values[side]) if side in field.values else "-" for side in "ab")])
    for role, array in found.arrays.items():
        rows.append([role, _stored_text(array.a), _stored_text(array.b)])
    output.print_table(["", without_secrets(a), without_secrets(b)], rows)
    if not found.same_content:
        print()
        output.print_pairs(
            [(role, _values_text(array)) for role, array in found.arrays.items()]
            + [("decoded images", _images_text(first, second, found)), ("decoded labels", _labels_text(found))]
        )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json_module.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _stored_text(array: StoredArray | None) -> str:
    if array is None:
        return "-"
    scales = f", {array.spec.scales:,} scales" if array.spec.scales else ""
    return f"{array.spec.dtype}{scales}, {' x '.join(map(str, array.spec.shape))}, {array.coding}"


def _values_text(array: ArrayDifference) -> str:
    error = array.error
    if error is None:
        return "in one of the files only" if array.a is None or array.b is None else "other shapes"
    if error.differing == 0:
        return "the same values"
    text = f"{error.differing:,} values differ"
    if error.largest is not None and error.snr is not None:
        text += f", by {error.largest:.3g} at most, SNR {error.snr:.1f} dB"
    return text


def _images_text(first: NSDFile, second: NSDFile, found: Differences) -> str:
    from nsdcodec.format.comparison import describe_images

    error, count = found.images, first.header.layout.images
    if error is None:
        return f"{describe_images(first.header.layout)} and {describe_images(second.header.layout)}"
    if error.differing == 0:
        return f"the same {count:,}"
    return (
        f"{error.differing:,} of {count:,} differ, by {error.largest_normalized:.3g} in normalised units "
        f"({error.largest:.1f} of 255) at most, PSNR {error.psnr:.1f} dB"
    )


def _labels_text(found: Differences) -> str:
    if found.labels is None:
        return "of other numbers of images"
    text = f"{found.labels.differing:,} images of another class" if found.labels.differing else "the same classes"
    return text + (f", probabilities differ by {found.labels.largest:.3g} at most" if found.labels.largest else "")


def _document(a: str, b: str, first: NSDFile, second: NSDFile, found: Differences) -> dict[str, Any]:
    """A decibel that is infinite is null. `images` and `labels` are null where the numbers of images or their shapes
    differ; a header field that a file does not have is left out of its entry."""
    from nsdcodec.format.comparison import image_count_and_shape
    from nsdcodec.format.container.remote import without_secrets

    return {
        "files": {"a": without_secrets(a), "b": without_secrets(b)},
        "identical": found.identical,
        "same_content": found.same_content,
        "bytes": {"a": first.nbytes, "b": second.nbytes},
        "image_shapes": {
            side: list(image_count_and_shape(file.header.layout)) for side, file in (("a", first), ("b", second))
        },
        "header": [{"path": field.path, **field.values} for field in found.header],
        "arrays": {
            role: {
                "a": _stored_document(array.a),
                "b": _stored_document(array.b),
                "differing": None if array.error is None else array.error.differing,
                "largest": None if array.error is None else array.error.largest,
                "snr": None if array.error is None else _finite(array.error.snr),
            }
            for role, array in found.arrays.items()
        },
        "images": None
        if found.images is None
        else {
            "differing": found.images.differing,
            "largest_normalized": found.images.largest_normalized,
            "largest": found.images.largest,
            "psnr": _finite(found.images.psnr),
        },
        "labels": None
        if found.labels is None
        else {"differing": found.labels.differing, "largest": found.labels.largest},
    }


def _stored_document(array: StoredArray | None) -> dict[str, Any] | None:
    if array is None:
        return None
    return asdict(array.spec) | {"shape": list(array.spec.shape), "coding": array.coding}


def _finite(decibels: float | None) -> float | None:
    return decibels if decibels is not None and math.isfinite(decibels) else None
