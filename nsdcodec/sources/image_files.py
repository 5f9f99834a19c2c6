"""Decode image files, on disk or in memory, to a `Split`."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.base import Split
from nsdcodec.sources.files import regular, visible
from nsdcodec.sources.shown import on_white, upright, upright_size
from nsdcodec.sources.sizes import Frame, Size, frame
from nsdcodec.system.packages import package

GRAY = frozenset({"1", "L", "LA"})
COLOUR = frozenset({"RGB", "RGBA", "RGBX", "P", "PA", "CMYK", "YCbCr"})


@dataclass(frozen=True)
class Encoded:
    """An image file inside another file: its bytes, and where it is, for error messages."""

    where: str
    content: bytes

    def __str__(self) -> str:
        return self.where


ImageFile = Path | Encoded
Labelled = Sequence[tuple[ImageFile, int]]


def split_of_files(files: Labelled, shape: tuple[int, int, int], fit: Callable[[Any], Any] | None = None) -> Split:
    """Files and their labels as a Split of images [channels, height, width]: 3 channels are RGB, 1 is grayscale. An
    image is turned as its EXIF orientation says, and laid on white where it is transparent, which the Split counts.
    `fit` brings a converted Pillow image to the size; without it, each must have it already.

    Raises InvalidSource for a file that cannot be read or has another size; MissingData without Pillow.
    """
    channels, height, width = shape
    # Made once; the files are read one by one, so that nothing holds the set twice.
    pixels = np.empty((len(files), *shape), dtype=np.uint8)
    blended = []
    for index, (file, _) in enumerate(files):
        with opened(file) as image:
            turned = upright(image)
            over_white = on_white(turned)
            converted = (over_white or turned).convert("RGB" if channels == 3 else "L")
            fitted = converted if fit is None else fit(converted)
            if fitted.size != (width, height):
                raise InvalidSource(
                    f"{file} is {fitted.size[0]} x {fitted.size[1]}, not {width} x {height} as the set has it; "
                    "fetch it again or resize it"
                )
            pixels[index] = np.asarray(fitted).reshape(height, width, channels).transpose(2, 0, 1)
            if over_white is not None:
                blended.append(index)
    white = sum(int(pixels[index].min()) == 255 for index in blended)
    labels = torch.tensor([label for _, label in files], dtype=torch.int64)
    return Split(torch.from_numpy(pixels), labels, len(blended), white)


def frame_of_files(files: Sequence[ImageFile], size: Size | None = None) -> Frame:
    """What all files are brought to (`sizes.frame`), read from their headers. `size` is width and height, where they
    are asked for. The images are grayscale if all files are, otherwise RGB. Raises InvalidSource."""
    coloured, sizes = False, dict[str, Size]()
    for file in files:
        with opened(file) as image:
            if image.mode not in GRAY | COLOUR:
                raise InvalidSource(f"{file}: pixels of mode {image.mode}; convert it to 8-bit grayscale or RGB")
            coloured = coloured or image.mode in COLOUR
            sizes[str(file)] = upright_size(image)
    return frame(3 if coloured else 1, sizes, size)


@contextmanager
def opened(file: ImageFile) -> Iterator[Any]:
    """Opens the file as a Pillow image. Raises InvalidSource if Pillow cannot read it, at once or inside the
    context."""
    pillow = package("PIL.Image")
    try:
        # Not by its name: Pillow maps an uncompressed TIFF that has one, and some versions then turn it twice.
        content = regular(file).open("rb") if isinstance(file, Path) else io.BytesIO(file.content)
        with content, pillow.open(content) as image:
            yield image
    # What Pillow raises for a file, or for pixels, that it cannot read.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, pillow.DecompressionBombError) as error:
        raise InvalidSource(f"{file}: not a readable image ({error}); replace or remove it") from error


def image_files(folder: Path) -> list[Path]:
    """The files of a folder that holds images and nothing else, sorted. Raises InvalidSource."""
    files = visible(folder)
    for file in files:
        if file.is_dir():
            raise InvalidSource(f"{file}: a folder inside a class folder; move it out of {folder.parent}")
    return files
