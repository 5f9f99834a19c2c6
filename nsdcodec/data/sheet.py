"""A set as a small picture and a few facts, for a notebook."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_CLASSES, PER_CLASS = 10, 6
LEAST_TILE, MOST_TILE = 32, 64  # pixels on the screen
GAP = 1


def chosen(labels: Tensor, classes: int) -> list[list[int]]:
    """Numbers of the images that a sheet shows, a row for each of the first classes that have any."""
    rows = [torch.nonzero(labels == label)[:PER_CLASS, 0].tolist() for label in range(min(classes, MOST_CLASSES))]
    return [row for row in rows if row]


def sheet(rows: Sequence[NDArray[np.uint8]]) -> bytes:
    """A PNG of rows of images, each uint8 [n, C, H, W]: of other than 3 channels, the first in grey. Small images are
    enlarged by a whole number, large ones thinned out."""
    channels, height, width = rows[0].shape[1:]
    colours = [0, 1, 2] if channels == 3 else [0]
    scale, stride = max(1, LEAST_TILE // max(height, width)), -(-max(height, width) // MOST_TILE)
    tiles = [row[:, colours, ::stride, ::stride].repeat(scale, 2).repeat(scale, 3) for row in rows]
    down, across = tiles[0].shape[2] + GAP, tiles[0].shape[3] + GAP
    columns = max(len(row) for row in tiles)
    picture = np.full((len(tiles) * down - GAP, columns * across - GAP, len(colours)), 255, np.uint8)
    for i, row in enumerate(tiles):
        for j, tile in enumerate(row):
            picture[i * down :, j * across :][: down - GAP, : across - GAP] = tile.transpose(1, 2, 0)
    return png(picture)


def png(picture: NDArray[np.uint8]) -> bytes:
    """uint8 [height, width, 1 or 3] as a PNG (ISO/IEC 15948), whose lines are unfiltered: no package is needed."""
    height, width, channels = picture.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def document(picture: bytes, title: str, facts: Sequence[tuple[str, str]]) -> str:
    """The picture beside its facts, as HTML for a cell of a notebook. Texts are anyone's: they are escaped."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
        for name, value in facts
    )
    source = base64.b64encode(picture).decode()
    return (
        f"<div><strong>{html.escape(title)}</strong><br>"
        f"<img alt='images, a row a class' style='image-rendering:pixelated;max-width:100%' "
        f"src='data:image/png;base64,{source}'><table>{rows}</table></div>"
    )
