"""nsdc decode: look at a file's images, or take them elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsdcodec.errors import FileAccess, InvalidSetting

from . import options, output

if TYPE_CHECKING:
    from nsdcodec.dataset import NSDDataset

CONTACT_SHEET = "contact-sheet.png"
SHEET_COLUMNS = 32  # images of one class on the sheet at most
NAME_LENGTH = 40  # characters of a class name in the name of its PNG: 256 would be too long for a file system
LEAST_TILE = 40  # pixels: smaller images are enlarged on the sheet


def decode(
    file: options.FileArgument,
    png: Annotated[
        Path | None, typer.Option(help=f"A folder for a PNG of each image and {CONTACT_SHEET}, a row a class.")
    ] = None,
    npz: Annotated[
        Path | None, typer.Option(help="An .npz of images (float32, normalised), pixels (uint8) and labels.")
    ] = None,
    json: bool = output.JSON,
) -> None:
    """Decode a file's images to PNG or NumPy."""
    if png is None and npz is None:
        raise InvalidSetting("nothing to write: give --png FOLDER or --npz FILE, or both")
    from nsdcodec.dataset import NSDDataset

    dataset = NSDDataset(str(file))
    try:
        if png is not None:
            _write_png(dataset, png)
        if npz is not None:
            _write_npz(dataset, npz)
    except OSError as error:
        raise FileAccess(f"cannot write {error.filename or png or npz}: {error.strerror or error}") from error
    written = [str(path) for path in (png, npz) if path is not None]
    if json:
        output.print_json({"images": len(dataset), "written": written})
    else:
        print(f"{len(dataset)} images to {', '.join(written)}")


def _write_png(dataset: NSDDataset, folder: Path) -> None:
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    images, _ = dataset.all()
    pixels = dataset.to_pixels(images).permute(0, 2, 3, 1).numpy()
    if pixels.shape[3] not in (1, 3):
        raise InvalidSetting(f"{pixels.shape[3]} channels are no picture: use --npz")
    digits = len(str(len(pixels) - 1))
    rows: dict[int, list[Image.Image]] = {}
    for i, label in enumerate(dataset.hard_labels.tolist()):
        image = Image.fromarray(pixels[i].squeeze(2) if pixels.shape[3] == 1 else pixels[i])
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in dataset.classes[label])[:NAME_LENGTH]
        image.save(folder / f"{i:0{digits}}-{name}.png")
        rows.setdefault(label, []).append(image)
    _contact_sheet(rows).save(folder / CONTACT_SHEET)


def _contact_sheet(rows: dict[int, list[Image.Image]]) -> Image.Image:  # type: ignore[name-defined]  # noqa: F821
    """A row a class, a pixel between two images."""
    from PIL import Image

    first = next(iter(rows.values()))[0]
    scale = max(1, -(-LEAST_TILE // max(first.size)))
    width, height = first.width * scale + 1, first.height * scale + 1
    columns = min(SHEET_COLUMNS, max(len(images) for images in rows.values()))
    sheet = Image.new("RGB", (columns * width - 1, len(rows) * height - 1), "white")
    for row, label in enumerate(sorted(rows)):
        for column, image in enumerate(rows[label][:columns]):
            tile = image.resize((width - 1, height - 1), Image.Resampling.NEAREST)
            sheet.paste(tile, (column * width, row * height))
    return sheet


def _write_npz(dataset: NSDDataset, path: Path) -> None:
    import io

    import numpy as np

    from nsdcodec.container import atomic

    images, labels = dataset.all()
    memory = io.BytesIO()
    np.savez_compressed(memory, images=images.numpy(), pixels=dataset.to_pixels(images).numpy(), labels=labels.numpy())
    atomic.write(path, memory.getvalue())
