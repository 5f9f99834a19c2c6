"""webdataset: tar shards train-NNNNNN.tar of NUMBER.png and NUMBER.cls, with classnames.txt beside them."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.export import picture
from nsdcodec.export.base import Chunk, chunks
from nsdcodec.system.packages import package

SHARD_IMAGES = 10_000
CLASS_NAMES = "classnames.txt"


def write(dataset: NSDDataset, folder: Path) -> None:
    """At most SHARD_IMAGES images in a shard. `.cls` is the number of the label; for soft labels there is also
    NUMBER.json with `label` and `soft_label`. Raises InvalidSetting for images of other than 1 or 3 channels, and
    MissingData without webdataset."""
    picture.check(dataset)
    writer = package("webdataset", "export").TarWriter
    numbered = ((chunk, i) for chunk in chunks(dataset) for i in range(len(chunk.labels)))
    for shard, samples in groupby(numbered, lambda sample: (sample[0].start + sample[1]) // SHARD_IMAGES):
        # An open file, since webdataset takes a name such as "pipe:..." for a command; no time, so that the same set
        # gives the same bytes.
        with (folder / f"train-{shard:06}.tar").open("wb") as file, writer(file, encoder=False, mtime=0) as tar:
            for chunk, i in samples:
                tar.write(_sample(chunk, i))
    # A line a class: what breaks a line becomes a space.
    lines = [" ".join(name.splitlines()) for name in dataset.classes]
    (folder / CLASS_NAMES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _sample(chunk: Chunk, i: int) -> dict[str, str | bytes]:
    label = int(chunk.labels[i])
    sample: dict[str, str | bytes] = {
        "__key__": f"{chunk.start + i:06}",
        "png": picture.png(chunk.pixels[i]),
        "cls": str(label).encode(),
    }
    if chunk.soft_labels is not None:
        sample["json"] = json.dumps({"label": label, "soft_label": chunk.soft_labels[i].tolist()}).encode()
    return sample
