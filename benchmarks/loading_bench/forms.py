"""A file's images as other loaders read them: floats, pixels, PNGs, parquet, tar. Between `made` and `contenders`."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file

from nsdcodec.data.dataset import NSDDataset

# As many as the most workers of a usual machine: each reads shards of its own.
SHARDS = 16


@dataclass(frozen=True)
class Forms:
    """Where each form of a set is, and what a loader must be told: it pickles, for other processes. `mode` is PIL's
    name of the pixels, "" where PIL has none for so many channels."""

    file: Path
    folder: Path
    images: int
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    batch_size: int
    workers: int

    @property
    def mode(self) -> str:
        return {1: "L", 3: "RGB"}.get(self.shape[0], "")

    @property
    def tensors(self) -> Path:
        return self.folder / "tensors.safetensors"

    @property
    def arrays(self) -> Path:
        return self.folder / "arrays.npz"

    @property
    def png(self) -> Path:
        return self.folder / "png"

    @property
    def parquet(self) -> Path:
        return self.folder / "images.parquet"

    @property
    def tars(self) -> list[str]:
        return [str(self.folder / f"{number:02}.tar") for number in range(min(SHARDS, self.images))]


def write(forms: Forms, dataset: NSDDataset, wanted: set[str]) -> None:
    """Writes the forms of these names, keys of `WRITERS`, to the folder."""
    for name, writer in WRITERS.items():
        if name in wanted:
            writer(forms, dataset)


def _tensors(forms: Forms, dataset: NSDDataset) -> None:
    """What indexing and TensorDataset begin with: float32 images, normalised, and labels."""
    images, labels = dataset.all()
    save_file({"images": images, "labels": labels}, forms.tensors)


def _arrays(forms: Forms, dataset: NSDDataset) -> None:
    """Pixels uint8 [N, H, W, C] (of one channel [N, H, W]) and labels, as torchvision's sets hold them."""
    np.savez(forms.arrays, images=_pixels(dataset), labels=dataset.hard_labels.numpy())


def _png(forms: Forms, dataset: NSDDataset) -> None:
    for label in range(len(forms.classes)):
        (forms.png / f"{label:05}").mkdir(parents=True)
    for number, (png, label) in enumerate(_pngs(dataset)):
        (forms.png / f"{label:05}" / f"{number:08}.png").write_bytes(png)


def _parquet(forms: Forms, dataset: NSDDataset) -> None:
    """A column of PNGs as Hugging Face's `datasets` writes it."""
    import pyarrow
    import pyarrow.parquet

    features = {"image": {"_type": "Image"}, "label": {"names": list(forms.classes), "_type": "ClassLabel"}}
    rows = [{"image": {"bytes": png, "path": None}, "label": label} for png, label in _pngs(dataset)]
    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    schema = pyarrow.schema(
        [("image", image), ("label", pyarrow.int64())],
        {"huggingface": json.dumps({"info": {"features": features}})},
    )
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), forms.parquet)


def _tar(forms: Forms, dataset: NSDDataset) -> None:
    """Shards of WebDataset: for each image N.png and N.cls."""
    samples = list(_pngs(dataset))
    for shard, path in enumerate(forms.tars):
        with tarfile.open(path, "w") as tar:
            for number in range(shard, len(samples), len(forms.tars)):
                png, label = samples[number]
                for end, data in (("png", png), ("cls", str(label).encode())):
                    entry = tarfile.TarInfo(f"{number:08}.{end}")
                    entry.size = len(data)
                    tar.addfile(entry, io.BytesIO(data))


WRITERS: dict[str, Callable[[Forms, NSDDataset], None]] = {
    "tensors": _tensors,
    "arrays": _arrays,
    "png": _png,
    "parquet": _parquet,
    "tar": _tar,
}


def _pixels(dataset: NSDDataset) -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = dataset.to_pixels(dataset.all()[0]).permute(0, 2, 3, 1).contiguous().numpy()
    return pixels.squeeze(3) if pixels.shape[3] == 1 else pixels


def _pngs(dataset: NSDDataset) -> Iterator[tuple[bytes, int]]:
    """Each image as a PNG, and its class."""
    from PIL import Image

    for pixels, label in zip(_pixels(dataset), dataset.hard_labels.tolist(), strict=True):
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, "png")
        yield memory.getvalue(), label
