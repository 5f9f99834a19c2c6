"""imagefolder: a PNG an image, in a folder a class, as torchvision's ImageFolder and `datasets` read them."""

from __future__ import annotations

import json
from pathlib import Path

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export import picture
from nsdcodec.export.base import chunks
from nsdcodec.format.folder_names import folder_names

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
