"""imagefolder: a PNG an image, in a folder a class, as torchvision's ImageFolder and `datasets` read them."""

from __future__ import annotations

import json
from pathlib import Path

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export import picture
from nsdcodec.export.base import chunks

SOFT_LABELS = "metadata.jsonl"  # Hugging Face's name for what goes with each file


def write(dataset: NSDDataset, folder: Path) -> None:
    """CLASS/NUMBER.png; a class without images has an empty folder, so that labels count on. Soft labels go to
    metadata.jsonl, a line an image. Raises InvalidSetting for channels that are no picture."""
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
    """The class names, if all can be names of folders, differ without regard to case, and are in the order of the
    labels, for readers take these from the sorted folders. Else all are made safe, with a number before each."""
    names = [picture.safe_name(name) for name in classes]
    # `datasets` passes over names that begin with two of "_".
    usable = names == list(classes) and all(name and not name.startswith("__") for name in names)
    if usable and names == sorted(names) and len({name.casefold() for name in names}) == len(names):
        return names
    digits = len(str(len(names) - 1))
    return [f"{label:0{digits}}-{name}" for label, name in enumerate(names)]
