"""imagefolder: a PNG an image, in a folder a class, as torchvision's ImageFolder and `datasets` read them."""

from __future__ import annotations

import json
from pathlib import Path

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export import picture
from nsdcodec.export.base import chunks

SOFT_LABELS = "metadata.jsonl"  # Hugging Face's name for what goes with each file


def write(dataset: NSDDataset, folder: Path) -> None:
    """Writes CLASS/NUMBER.png. A class without images gets an empty folder, so that the numbers of the labels are
    right. Soft labels are written to metadata.jsonl, one line for each image. Raises InvalidSetting for images of other
    than 1 or 3 channels."""
    picture.check(dataset)
    folders = folder_names(dataset.classes)
    for name in folders:
        (folder / name).mkdir()
    lines = []
    for chunk in chunks(dataset):
        for i, pixels in enumerate(chunk.pixels):
            file = f"{folders[chunk.labels[i]]}/{chunk.start + i:06}.png"
            (folder / file).write_bytes(picture.png(pixels))
            if chunk.soft_labels is not None:
                label, soft = int(chunk.labels[i]), chunk.soft_labels[i].tolist()
                lines.append(json.dumps({"file_name": file, "label": label, "soft_label": soft}) + "\n")
    if lines:
        (folder / SOFT_LABELS).write_text("".join(lines), encoding="utf-8")


def folder_names(classes: tuple[str, ...]) -> list[str]:
    """The class names, if all of them can be names of folders, differ even if case is ignored, and are sorted like the
    labels: readers take the classes from the sorted folders. Otherwise the names are made safe, with a number before
    each."""
    names = [picture.safe_name(name) for name in classes]
    # `datasets` passes over names that begin with two of "_".
    usable = names == list(classes) and all(name and not name.startswith("__") for name in names)
    if usable and names == sorted(names) and len({name.casefold() for name in names}) == len(names):
        return names
    digits = len(str(len(names) - 1))
    return [f"{label:0{digits}}-{name}" for label, name in enumerate(names)]
