"""The registry of loaders that are measured, ours and others: each serves the same images, shuffled, in batches.

Others are set up as their own documentation does, except that workers outlive an epoch, which is faster for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

from loading_bench.forms import Forms
from nsdcodec.data.dataset import NSDDataset
from nsdcodec.errors import UnknownName
from nsdcodec.system.randomness import stream

LabelledImages = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LoaderContender:
    """`open` makes, from `Forms` on disk, an object whose iterations are epochs of (images float32 [n, C, H, W],
    normalised, labels [n]), as a training loop would have it. `form` is a key of `forms.WRITERS`, or "file"."""

    about: str
    form: str
    open: Callable[..., Iterable[LabelledImages]]
    packages: tuple[str, ...] = ()

    @property
    def of_pictures(self) -> bool:
        """Whether PIL takes part, which has 1 or 3 channels."""
        return self.form not in ("file", "tensors")


def _loader(forms: Forms, cached: bool) -> Iterable[LabelledImages]:
    return _dataset(forms, cached).loader(forms.batch_size)


def _data_loader(forms: Forms, cached: bool, workers: bool = False) -> Iterable[LabelledImages]:
    dataset = _dataset(forms, cached)
    dataset.prepare(torch.device("cpu"))  # before workers are forked, which keep nothing of their own
    return _torch_loader(forms, dataset, workers)


def _dataset(forms: Forms, cached: bool) -> NSDDataset:
    # Its own limit depends on the memory that happens to be free; here the name says whether there is a cache.
    return NSDDataset(forms.file, cache="float32" if cached else "none", cache_limit=1 << 62)


class _Indexing:
    """The least that a training loop can do: the floor of all."""

    def __init__(self, forms: Forms) -> None:
        self.images, self.labels = _loaded(forms)
        self.batch_size, self.generator = forms.batch_size, _order()

    def __iter__(self) -> Iterator[LabelledImages]:
        for index in torch.randperm(len(self.images), generator=self.generator).split(self.batch_size):
            yield self.images[index], self.labels[index]


def _loaded(forms: Forms) -> tuple[Tensor, Tensor]:
    found = load_file(forms.tensors)
    return found["images"], found["labels"]


def _tensor_dataset(forms: Forms) -> Iterable[LabelledImages]:
    return _torch_loader(forms, TensorDataset(*_loaded(forms)), False)


def _image_folder(forms: Forms, workers: bool = False) -> Iterable[LabelledImages]:
    from torchvision.datasets import ImageFolder
    from torchvision.datasets.folder import default_loader

    # torchvision's own loader makes three channels of one.
    load = default_loader if forms.mode == "RGB" else _grey
    return _torch_loader(forms, ImageFolder(forms.png, _transform(forms), loader=load), workers)


def _grey(path: str) -> Any:
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("L")


def _memory(forms: Forms, workers: bool = False) -> Iterable[LabelledImages]:
    import numpy as np
    from torchvision.datasets import CIFAR10

    # Without its own beginning, which reads the archive of CIFAR-10: what counts is its way from an array to a sample.
    dataset = CIFAR10.__new__(CIFAR10)
    dataset.transform, dataset.target_transform = _transform(forms), None
    with np.load(forms.arrays) as arrays:
        dataset.data, dataset.targets = arrays["images"], arrays["labels"].tolist()
    return _torch_loader(forms, dataset, workers)


def _hugging_face(forms: Forms, workers: bool = False) -> Iterable[LabelledImages]:
    import datasets

    datasets.disable_progress_bars()
    dataset = datasets.Dataset.from_parquet(str(forms.parquet), cache_dir=str(forms.folder / "cache"))
    dataset.set_transform(partial(_transformed, _transform(forms)))
    return _Pairs(_torch_loader(forms, dataset, workers))


def _transformed(transform: Callable[[Any], Tensor], rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {"image": [transform(image) for image in rows["image"]], "label": rows["label"]}


class _Pairs:
    def __init__(self, batches: Iterable[Any]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[LabelledImages]:
        for batch in self.batches:
            yield batch["image"], batch["label"]


def _web_dataset(forms: Forms, workers: bool = False) -> Iterable[LabelledImages]:
    import webdataset

    samples = webdataset.WebDataset(forms.tars, shardshuffle=len(forms.tars), empty_check=False).shuffle(1000)
    pairs = samples.decode("pil" if forms.mode == "RGB" else "pill").to_tuple("png", "cls")
    # The collation of DataLoader, whose labels are a tensor too.
    batches = pairs.map_tuple(_transform(forms), int).batched(forms.batch_size, torch.utils.data.default_collate)
    count = forms.workers if workers else 0
    return DataLoader(batches, batch_size=None, num_workers=count, persistent_workers=count > 0)


def _torch_loader(forms: Forms, dataset: Dataset[Any], workers: bool) -> DataLoader[Any]:
    count = forms.workers if workers else 0
    return DataLoader(
        dataset,
        forms.batch_size,
        shuffle=True,
        num_workers=count,
        generator=_order(),
        persistent_workers=count > 0,
    )


def _transform(forms: Forms) -> Callable[[Any], Tensor]:
    from torchvision.transforms import Compose, Normalize, ToTensor

    composed: Callable[[Any], Tensor] = Compose([ToTensor(), Normalize(forms.mean, forms.std)])
    return composed


def _order() -> torch.Generator:
    return stream(0, "bench loader", "order")


VISION, HUGGING_FACE, WEB = ("torchvision",), ("torchvision", "datasets"), ("torchvision", "webdataset")


def _with_workers(name: str, one: LoaderContender) -> dict[str, LoaderContender]:
    """A contender in the training process, and with workers."""
    workers = replace(one, about=f"{one.about}, workers", open=partial(one.open, workers=True))
    return {name: one, f"{name}-workers": workers}


CONTENDERS: dict[str, LoaderContender] = {
    "loader-cached": LoaderContender("ds.loader, decoded once", "file", partial(_loader, cached=True)),
    "loader": LoaderContender("ds.loader, each batch decoded", "file", partial(_loader, cached=False)),
    **_with_workers(
        "dataloader-cached",
        LoaderContender("DataLoader of ours, decoded once", "file", partial(_data_loader, cached=True)),
    ),
    **_with_workers(
        "dataloader",
        LoaderContender("DataLoader of ours, each batch decoded", "file", partial(_data_loader, cached=False)),
    ),
    "indexing": LoaderContender("randperm and images[index]", "tensors", _Indexing),
    "tensordataset": LoaderContender("TensorDataset, DataLoader", "tensors", _tensor_dataset),
    **_with_workers("imagefolder", LoaderContender("torchvision ImageFolder, PNGs", "png", _image_folder, VISION)),
    **_with_workers("memory", LoaderContender("torchvision CIFAR10, in memory", "arrays", _memory, VISION)),
    **_with_workers(
        "huggingface", LoaderContender("Hugging Face, parquet of PNGs", "parquet", _hugging_face, HUGGING_FACE)
    ),
    **_with_workers("webdataset", LoaderContender("WebDataset, tars of PNGs", "tar", _web_dataset, WEB)),
}


def contender(name: str) -> LoaderContender:
    """Raises UnknownName."""
    if name not in CONTENDERS:
        raise UnknownName("contender", name, CONTENDERS)
    return CONTENDERS[name]
