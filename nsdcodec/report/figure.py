"""A file as one picture for papers and pages: images by class, how one is put together, where the bytes go. Needs the
extra `figures`."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.format.container.file import NSDFile, read
from nsdcodec.format.container.framing import CODED
from nsdcodec.report.terms import Term, terms
from nsdcodec.system.packages import package

Picture = NDArray[np.uint8]
Text = tuple[float, float, str, str]  # place in pixels from the left and the top, horizontal alignment, what it says

DOTS_PER_INCH, POINTS = 200, 7
MOST_CLASSES, PER_CLASS, TERMS = 10, 12, 8
SIDE = 64  # pixels: smaller images are enlarged by a whole number, larger ones thinned out
GAP, MARGIN, NAMES, LINE, SPACE = 2, 10, 165, 26, 22
LETTER = 11  # pixels: its width at most, on average
LONGEST_NAME = 18
LEAST_WIDTH = 800  # pixels, so that the parts of the bar have room for their names
BAR = 26  # pixels: its height
COLOURS = ((35, 99, 158), (192, 117, 45), (95, 143, 78), (138, 95, 163), (74, 154, 154), (163, 163, 157))


def figure(data: bytes) -> bytes:
    """A PNG of the file with these bytes, whose digest is its description. Each pixel of an image is a square of whole
    pixels. Raises what `read` raises, and MissingData without matplotlib."""
    file = read(data)
    dataset = NSDDataset(data)
    parts = [_images(dataset)]
    if found := terms(file, 0):
        parts.append(_sum(dataset, found))
    width = max(LEAST_WIDTH, *(part.shape[1] for part, _ in parts))
    return _written([*parts, _bytes(file, width)], file.digest)


def shown_of(dataset: NSDDataset, label: int) -> Tensor:
    """Places int64 of the first images of a class; of soft labels, of those that are most of it."""
    members = torch.nonzero(dataset.hard_labels == label)[:, 0]
    if dataset.labels.is_floating_point():
        members = members[dataset.labels[members, label].argsort(descending=True, stable=True)]
    return members[:PER_CLASS]


def _images(dataset: NSDDataset) -> tuple[Picture, list[Text]]:
    """A row for each of the first classes that have images."""
    rows = [(label, shown_of(dataset, label)) for label in range(len(dataset.classes))]
    rows = [(label, row) for label, row in rows if len(row)][:MOST_CLASSES]
    tiles = [[_tile(image) for image in dataset.exact_pixels(row).numpy()] for _, row in rows]
    texts: list[Text] = []
    down = tiles[0][0].shape[0] + GAP
    for i, (label, _) in enumerate(rows):
        texts.append((0, i * down + (down - GAP) / 2, "left", _short(dataset.classes[label])))
    return _beside_names(_grid(tiles)), texts


def _sum(dataset: NSDDataset, found: Sequence[Term]) -> tuple[Picture, list[Text]]:
    """The first image, its largest terms with their weights, and the sum of these alone."""
    shown = found[:TERMS]
    total = torch.stack([term.weight * term.picture for term in shown]).sum(0)[None]
    image = _tile(dataset.exact_pixels([0]).numpy()[0])
    tiles = [image, *(_tile(_centred(term)) for term in shown), _tile(dataset.to_pixels(total).numpy()[0])]
    across = tiles[0].shape[1] + GAP
    part = _beside_names(np.concatenate([_grid([tiles]), _white(LINE, len(tiles) * across - GAP)]))
    below = tiles[0].shape[0] + LINE / 2
    texts: list[Text] = [(0, tiles[0].shape[0] / 2, "left", "sum of slices")]
    labels = ["image", *(f"{term.weight:+.2f}" for term in shown), "sum"]
    texts += [(NAMES + i * across + tiles[0].shape[1] / 2, below, "center", label) for i, label in enumerate(labels)]
    return part, texts


def _bytes(file: NSDFile, width: int) -> tuple[Picture, list[Text]]:
    """A bar as wide as the sheet; below it its parts, largest first."""
    parts = accounts(file)
    bar = _white(BAR, width)
    ends = np.round(np.cumsum([0, *(size for _, size in parts)]) / file.nbytes * (width - NAMES)).astype(int) + NAMES
    for i, (start, end) in enumerate(itertools.pairwise(ends)):
        bar[:, start:end] = COLOURS[min(i, len(COLOURS) - 1)]
    texts: list[Text] = [(0, BAR / 2, "left", f"{file.nbytes:,} bytes")]
    lines = [""]
    for name, size in parts:
        piece = f"{name} {'~' * (file.is_coded and name.replace(' ', '_') in file.arrays)}{size:,}"
        if lines[-1] and len(lines[-1]) + len(piece) > (width - NAMES) / LETTER:
            lines[-1] += ","
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + piece
    texts += [(NAMES, BAR + LINE * (i + 0.6), "left", line) for i, line in enumerate(lines)]
    return np.concatenate([bar, _white(LINE * len(lines), width)]), texts


def accounts(file: NSDFile) -> list[tuple[str, int]]:
    """Where every byte goes: names and sizes, largest first. Arrays that are coded together share the bytes of their
    frame by their plain bytes, which is an estimate."""
    sizes = {role: size for role, size in file.stored_bytes.items() if role != CODED}
    if file.is_coded:
        whole, plain = file.stored_bytes[CODED], {role: spec.nbytes for role, spec in file.header.layout.arrays.items()}
        # Cumulative, so that rounded shares add up to the whole.
        ends = np.round(np.cumsum([0, *plain.values()]) / sum(plain.values()) * whole).astype(int).tolist()
        sizes |= {role: end - start for role, (start, end) in zip(plain, itertools.pairwise(ends), strict=True)}
    sizes |= {f"optional {name}": len(data) for name, data in file.optional.items()}
    sizes["header and digest"] = file.nbytes - sum(sizes.values())
    return sorted(((role.replace("_", " "), size) for role, size in sizes.items()), key=lambda part: -part[1])


def _tile(image: Picture) -> Picture:
    """uint8 [C, H, W] as [height, width, 3] of the size that is shown; of other than 3 channels the first, in grey."""
    longest = max(image.shape[1:])
    scale, stride = max(1, SIDE // longest), -(-longest // (2 * SIDE))
    colours = [0, 1, 2] if len(image) == 3 else [0, 0, 0]
    shown: Picture = image[colours, ::stride, ::stride].repeat(scale, 1).repeat(scale, 2).transpose(1, 2, 0)
    return shown


def _centred(term: Term) -> Picture:
    """A slice as pixels: zero is grey, its largest value black or white."""
    largest = float(term.picture.abs().max()) or 1.0
    return (127.5 + 127.5 * term.picture / largest).round().to(torch.uint8).numpy()


def _white(height: int, width: int) -> Picture:
    return np.full((height, width, 3), 255, np.uint8)


def _grid(rows: Sequence[Sequence[Picture]]) -> Picture:
    height, width, _ = rows[0][0].shape
    whole = _white(len(rows) * (height + GAP) - GAP, max(map(len, rows)) * (width + GAP) - GAP)
    for i, row in enumerate(rows):
        for j, tile in enumerate(row):
            whole[i * (height + GAP) :, j * (width + GAP) :][:height, :width] = tile
    return whole


def _beside_names(part: Picture) -> Picture:
    return np.concatenate([_white(len(part), NAMES), part], axis=1)


def _short(name: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in name)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def _written(parts: Sequence[tuple[Picture, list[Text]]], description: str) -> bytes:
    """The parts one below the other, with their texts over them."""
    width = max(part.shape[1] for part, _ in parts) + 2 * MARGIN
    whole = _white(sum(len(part) + SPACE for part, _ in parts) - SPACE + 2 * MARGIN, width)
    places, top = [], MARGIN
    for part, texts in parts:
        whole[top : top + len(part), MARGIN : MARGIN + part.shape[1]] = part
        places += [(x + MARGIN, y + top, align, text) for x, y, align, text in texts]
        top += len(part) + SPACE
    made: Any = package("matplotlib.figure", "figures").Figure(
        figsize=(width / DOTS_PER_INCH, len(whole) / DOTS_PER_INCH), dpi=DOTS_PER_INCH
    )
    made.figimage(whole, origin="upper")
    for x, y, align, text in places:
        made.text(
            x / width, 1 - y / len(whole), text, ha=align, va="center", fontsize=POINTS, parse_math=False, color="black"
        )
    memory = io.BytesIO()
    made.savefig(memory, format="png", metadata={"Software": None, "Description": description})
    return memory.getvalue()
