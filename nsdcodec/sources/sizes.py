"""The size of a set of image files: their own if all have one, otherwise a square that all of them fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nsdcodec.errors import InvalidSource
from nsdcodec.format.geometry import LIMITS
from nsdcodec.system.packages import package

Size = tuple[int, int]  # width and height, as Pillow has them

# Without a size that is asked for, images of several sizes get the length of their shortest side, within these bounds:
# the networks of the field take at most 128 pixels, and of fewer than 8 nobody recognises anything.
LEAST, MOST = 8, 128


@dataclass(frozen=True)
class Frame:
    """What image files are brought to: `shape` [channels, height, width]; `fit` does it to a Pillow image, and is None
    where all of them have that size; `note` then says so, for people."""

    shape: tuple[int, int, int]
    fit: Callable[[Any], Any] | None = None
    note: str = ""


def frame(channels: int, sizes: Mapping[str, Size], asked: Size | None) -> Frame:
    """The frame of files that have these sizes, by their names: the size `asked` for; else their own, if it is one;
    else a square of the largest side up to MOST that no image is smaller than.

    Raises InvalidSource where that would be below LEAST, or their own size is above the limit of a file.
    """
    different = set(sizes.values())
    if asked is None and len(different) == 1:
        return Frame((channels, *_within_limits(*next(iter(sizes.items())))[::-1]))
    smallest = min(sizes, key=lambda name: min(sizes[name]))
    width, height = asked or (min(MOST, *sizes[smallest]),) * 2
    if different == {(width, height)}:
        return Frame((channels, height, width))
    if asked is None and width < LEAST:
        raise InvalidSource(
            f"{smallest} is {_text(sizes[smallest])}, the smallest of images of {len(different):,} sizes; all are "
            f"brought to one that the smallest has, of at least {LEAST} x {LEAST}: remove it, or give --size 32"
        )
    return Frame((channels, height, width), lambda image: cropped(image, width, height), _note(sizes, asked, smallest))


def cropped(image: Any, width: int, height: int) -> Any:
    """The largest part in the middle of a Pillow image that has the shape of width x height, resized to it: bilinear,
    over all pixels that fall into one (antialiasing)."""
    scale = min(image.width / width, image.height / height)
    part = max(1, round(scale * width)), max(1, round(scale * height))
    left, top = (image.width - part[0]) // 2, (image.height - part[1]) // 2
    middle = image.crop((left, top, left + part[0], top + part[1]))
    return middle.resize((width, height), package("PIL.Image").Resampling.BILINEAR)


def _note(sizes: Mapping[str, Size], asked: Size | None, smallest: str) -> str:
    width, height = asked or (min(MOST, *sizes[smallest]),) * 2
    count = len(set(sizes.values()))
    found = f"images of {count:,} sizes" if count > 1 else f"images of {_text(sizes[smallest])}"
    note = f"{found} were cut to the largest part in their middle of the shape {width} x {height} and resized to it"
    enlarged = sum(min(size[0] / width, size[1] / height) < 1 for size in sizes.values())
    if enlarged:
        note += f", which enlarges {enlarged:,} of them"
    if asked is None:
        why = "the most that is taken unasked" if width == MOST else f"as {smallest} has only {_text(sizes[smallest])}"
        note += f" ({why}); --size N chooses another"
    return note


def _within_limits(name: str, size: Size) -> Size:
    if size[0] > LIMITS["width"] or size[1] > LIMITS["height"]:
        raise InvalidSource(
            f"{name} is {_text(size)}; the limit is {LIMITS['width']} x {LIMITS['height']}: give a smaller one, such "
            f"as --size {MOST}"
        )
    return size


def _text(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
