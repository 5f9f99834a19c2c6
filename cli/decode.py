"""nsdc decode: write a file's images as PNG or NumPy files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsdcodec.errors import FileAccess, InvalidSetting

from . import options, output

if TYPE_CHECKING:
    from nsdcodec.data.dataset import NSDDataset

CONTACT_SHEET = "contact-sheet.png"
SHEET_COLUMNS = 32  # images of one class on the sheet at most
LONGEST_NAME, GAP = 20, 4  # letters of a class's name there; pixels around it
LEAST_TILE = 40  # pixels: smaller images are enlarged on the sheet


def decode(
    file: options.FileArgument,
    png: Annotated[
        Path | None,
        typer.Option(help=f"New folder for a PNG of each image, and {CONTACT_SHEET} with a named row for each class."),
    ] = None,
    npz: Annotated[
        Path | None,
        typer.Option(help="An .npz file of images (float32, normalised), pixels (uint8), labels and the rest."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace a folder that was decoded or exported to before."),
    ] = False,
    json: bool = output.JSON,
) -> None:
    """Decode a file's images to PNG or NumPy."""
    if png is None and npz is None:
        raise InvalidSetting("nothing to write: give --png FOLDER or --npz FILE, or both")
    if overwrite and png is None:
        raise InvalidSetting("--overwrite is for the folder of --png; a file is always replaced: leave it out")
    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.export.formats import export

    dataset = NSDDataset(str(file))
    try:
        if png is not None:
            _write_png(dataset, png, overwrite)
        if npz is not None:
            export(dataset, "npz", npz)
    except OSError as error:
        raise FileAccess(f"cannot write {error.filename or png or npz}: {error.strerror or error}") from error
    written = [str(path) for path in (png, npz) if path is not None]
    if json:
        output.print_json({"images": len(dataset), "written": written})
    else:
        print(f"{len(dataset)} images to {', '.join(written)}")


def _write_png(dataset: NSDDataset, path: Path, overwrite: bool) -> None:
    """A new folder, since the images of another file beside these would be taken for more of them."""
    from nsdcodec.export import picture
    from nsdcodec.export.base import chunks
    from nsdcodec.export.folder import new_folder
    from nsdcodec.format.folder_names import safe_name

    picture.check(dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    digits = len(str(len(dataset) - 1))
    rows: dict[int, list[Any]] = {}
    with new_folder(path, "png", dataset, overwrite) as folder:
        for chunk in chunks(dataset):
            for i, label in enumerate(chunk.labels.tolist()):
                image = picture.picture(chunk.pixels[i])
                image.save(folder / f"{chunk.start + i:0{digits}}-{safe_name(dataset.classes[label])}.png")
                if len(row := rows.setdefault(label, [])) < SHEET_COLUMNS:
                    row.append(image)
        _contact_sheet(rows, dataset.classes).save(folder / CONTACT_SHEET)


def _contact_sheet(rows: dict[int, list[Any]], classes: tuple[str, ...]) -> Any:
    """One picture: a row for each class, its name at the left, one pixel between two images."""
    from PIL import Image, ImageDraw, ImageFont

    first = next(iter(rows.values()))[0]
    scale = max(1, -(-LEAST_TILE // max(first.size)))
    width, height = first.width * scale + 1, first.height * scale + 1
    columns = max(len(images) for images in rows.values())
    font = ImageFont.load_default()
    # Its font has few letters: others are shown as question marks.
    names = [_shortened(classes[label]) for label in sorted(rows)]
    margin = math.ceil(max(font.getlength(name) for name in names)) + 2 * GAP
    sheet = Image.new("RGB", (margin + columns * width - 1, len(rows) * height - 1), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (label, name) in enumerate(zip(sorted(rows), names, strict=True)):
        draw.text((GAP, row * height + height // 2), name, fill="black", font=font, anchor="lm")
        for column, image in enumerate(rows[label]):
            tile = image.resize((width - 1, height - 1), Image.Resampling.NEAREST)
            sheet.paste(tile, (margin + column * width, row * height))
    return sheet


def _shortened(name: str) -> str:
    """What the font of the sheet can show, of a name of any length."""
    known = "".join(c if c.isprintable() else " " for c in name).encode("ascii", "replace").decode()
    return known if len(known) <= LONGEST_NAME else known[: LONGEST_NAME - 3] + "..."
