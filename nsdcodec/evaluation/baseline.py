"""Random real images to compare a file with: of the same bytes, and of the same count, as files of pixels.

The fair figures of DD-Ranking: what a file gains over them is what distilling gained, and not what the labels, the
augmentation or the recipe did, which are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from nsdcodec.data.dataset import NSDDataset
from nsdcodec.format.container import codings
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.container.header import Header
from nsdcodec.format.layout import Layout, Synthesis, stored_as
from nsdcodec.format.stored_types import ArraySpec, ValueType, narrowest
from nsdcodec.format.synthesis import balanced_labels
from nsdcodec.sources.base import Source, Split, normalize
from nsdcodec.system.randomness import stream

# A byte a value, as real pixels have, and a scale an image.
PIXELS: ValueType = "int8"
LEAST_PROBABILITY = 1e-6


def random_files(dataset: NSDDataset, source: Source, seed: int = 0) -> dict[str, NSDDataset]:
    """By "same bytes" and "same count"; without the first where not one image fits."""
    found = {"same bytes": same_bytes(dataset, source, seed), "same count": same_count(dataset, source, seed)}
    return {kind: real for kind, real in found.items() if real is not None}


def same_count(dataset: NSDDataset, source: Source, seed: int = 0) -> NSDDataset:
    """As many random real training images of each class as the file has, as they are. Each is drawn once before any
    comes again. Raises InvalidSetting where the source has other classes than the file."""
    made = _Maker(dataset, source, seed)
    return NSDDataset(made.packed(dataset.hard_labels, "float32", codings.RAW))


def same_bytes(dataset: NSDDataset, source: Source, seed: int = 0) -> NSDDataset | None:
    """As many random real training images, equally many of each class or one more, as a file of at most as many bytes
    holds: pixels in int8 with a scale an image, labels of the file's kind, compressed where that is smaller, and with
    the header of the file but its provenance. None where not one fits. Raises InvalidSetting where the source has other
    classes than the file."""
    made = _Maker(dataset, source, seed)

    def packed(count: int) -> bytes:
        return made.packed(made.balanced(count), PIXELS, "auto")

    count = _largest(lambda count: len(packed(count)) <= dataset.nbytes, len(made.real))
    return NSDDataset(packed(count)) if count else None


class _Maker:
    """Files of random real images. Those of more images have the images of those of fewer."""

    def __init__(self, dataset: NSDDataset, source: Source, seed: int) -> None:
        self.dataset, self.header = dataset, dataset.header
        self.real: Split = source.numbered_as(dataset.classes, "the file").train
        order = torch.randperm(len(self.real), generator=stream(seed, "baseline"))
        classes = self.real.labels[order]
        self.members = [order[classes == label] for label in range(dataset.geometry.classes)]

    def balanced(self, count: int) -> Tensor:
        """The classes of so many images."""
        return balanced_labels(Layout(self.dataset.geometry, Synthesis(), {"spectrum": self._pixels(count, "float32")}))

    def packed(self, labels: Tensor, dtype: ValueType, coding: str) -> bytes:
        """The file of images with these labels int64 [n]."""
        pixels = self.real.images[_nth(self.members, labels)]
        images = normalize(pixels, self.dataset.normalization)
        specs, arrays = {"spectrum": self._pixels(len(labels), dtype)}, {"spectrum": images[None].numpy()}
        layout = Layout(self.dataset.geometry, Synthesis(), specs)
        own = self.header.layout.arrays.get("labels")
        if self.header.layout.labels == "soft" and own is not None:
            arrays["labels"] = self._scores(labels).numpy()
            specs = specs | {"labels": replace(own, shape=tuple(arrays["labels"].shape))}
            layout = replace(layout, arrays=specs, labels="soft")
        elif not torch.equal(labels, balanced_labels(layout)):
            unsigned = narrowest(self.dataset.geometry.classes)
            arrays["labels"] = labels.numpy().astype(np.uint16)
            layout = replace(layout, arrays=specs | {"labels": ArraySpec(unsigned, (len(labels),))}, labels="stored")
        header: Header = replace(self.header, layout=layout, parameterization="pixel", provenance={})
        return nsd_file.pack(header, arrays, coding)

    def _pixels(self, count: int, dtype: ValueType) -> ArraySpec:
        return stored_as("spectrum", (1, count, *self.dataset.image_shape), dtype)

    def _scores(self, labels: Tensor) -> Tensor:
        """Of each image the distribution of an image of the file that has its class, in turn, as scores; where the file
        has none of that class, all of it on the class."""
        own = [(self.dataset.hard_labels == label).nonzero().flatten() for label in range(len(self.dataset.classes))]
        hard = torch.eye(len(self.dataset.classes))
        every = torch.cat([self.dataset.labels, hard])
        places = [one if len(one) else torch.tensor([len(self.dataset) + label]) for label, one in enumerate(own)]
        return every[_nth(places, labels)].clamp_min(LEAST_PROBABILITY).log()


def _nth(members: list[Tensor], labels: Tensor) -> Tensor:
    """For each label int64 [n] a member of its class: the first for the first image of that class, and so on, from the
    start again where there are no more."""
    found = torch.empty_like(labels)
    for label in labels.unique().tolist():
        places = (labels == label).nonzero().flatten()
        found[places] = members[label][torch.arange(len(places)) % len(members[label])]
    return found


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number up to `most` that fits, 0 where none does. (Of compressed files, where a larger one may be the
    smaller by chance, one that fits where the next does not.)"""
    low, high = 0, 1
    while high <= most and fits(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
