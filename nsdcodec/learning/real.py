"""Batches of real images on a device: kept as bytes, normalised as they are drawn.

Where the bytes are too many for the device they stay on the CPU, and where they are too many for that in their file.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.format.recipe import Normalization
from nsdcodec.sources.base import Split, normalize
from nsdcodec.sources.streamed import Streamed
from nsdcodec.system.devices import on_device
from nsdcodec.system.free_memory import free_memory

# The share of what is free that real images may take where the caller does not say how much.
SHARE = 0.25


class Normalized:
    """Real images in normalised units, float32, made on the device as they are asked for: `images[index]`, for int64
    places or a slice."""

    def __init__(self, split: Split, normalization: Normalization, device: torch.device, most_bytes: int) -> None:
        """On a device other than the CPU the bytes are kept where they are at most `most_bytes`."""
        self.normalization, self.device = normalization, device
        self._pixels: Tensor | Streamed = split.images
        if device.type != "cpu" and split.images.nbytes <= most_bytes:
            self._pixels = _on_device(split, device)

    def __len__(self) -> int:
        return len(self._pixels)

    @property
    def nbytes(self) -> int:
        """Of the pixels, a fourth of the normalised values'."""
        return self._pixels.nbytes

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        if isinstance(index, slice):
            index = torch.arange(len(self))[index]
        # By its type: "cuda" is "cuda:0".
        if isinstance(self._pixels, Tensor) and self._pixels.device.type == self.device.type:
            return normalize(self._pixels[on_device(index, self.device)], self.normalization)
        return normalize(on_device(self._pixels[index.cpu()], self.device), self.normalization)


def normalized(
    split: Split, normalization: Normalization, device: torch.device, most_bytes: int | None = None
) -> Tensor | Normalized:
    """All images of a split on the device in normalised units: a tensor where that takes at most `most_bytes` (None: a
    quarter of what is free), else batch by batch."""
    most = int(SHARE * free_memory(device)) if most_bytes is None else most_bytes
    images = Normalized(split, normalization, device, most)
    return images[:] if 4 * split.images.nbytes <= most else images


def _on_device(split: Split, device: torch.device) -> Tensor:
    if isinstance(split.images, Tensor):
        return split.images.to(device)
    pixels, start = torch.empty(split.images.shape, dtype=torch.uint8, device=device), 0
    for part in split.chunks():
        pixels[start : start + len(part)] = part.to(device)
        start += len(part)
    return pixels


class RealData:
    """Real images and labels, drawn with a generator. Normalised images are float32. `most_bytes` is what the images
    may take on the device (None: a quarter of what is free)."""

    def __init__(
        self,
        split: Split,
        classes: int,
        normalization: Normalization,
        device: torch.device,
        most_bytes: int | None = None,
    ) -> None:
        most = int(SHARE * free_memory(device)) if most_bytes is None else most_bytes
        self.images = Normalized(split, normalization, device, most)
        self.labels = split.labels.to(device)
        self.normalization = normalization
        self.device = device
        order = torch.argsort(split.labels, stable=True)
        self.members = list(order.split(torch.bincount(split.labels, minlength=classes).tolist()))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Images [n, C, H, W] and labels [n] at these places."""
        return self.images[index], self.labels[on_device(index, self.device)]

    def batch(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """n images drawn uniformly, with repetition; all of them, in order, where n is as many or more."""
        if n >= len(self):
            return self.take(torch.arange(len(self)))
        return self.take(torch.randint(len(self), (n,), generator=generator))

    def places_per_class(self, n: int, generator: torch.Generator, classes: Tensor | None = None) -> Tensor:
        """Places int64 [classes, n] of images of each class, or of each of `classes` int64 on the CPU; with repetition
        where a class has fewer than n."""
        wanted = self.members if classes is None else [self.members[label] for label in classes.tolist()]
        return torch.stack([_choose(members, n, generator) for members in wanted])

    def of_class(self, label: int) -> Tensor:
        """All images [n, C, H, W] of a class."""
        return self.take(self.members[label])[0]

    def of_labels(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        """An image [n, C, H, W] for each label [n]: random ones, each of a class once before any comes again."""
        index = torch.empty_like(labels)
        for label in labels.unique().tolist():
            wanted = labels == label
            members = self.members[label]
            order = members[torch.randperm(len(members), generator=generator)]
            index[wanted] = order[torch.arange(int(wanted.sum())) % len(members)]
        return self.take(index)[0]

    def ranked(self, labels: Tensor, ranking: list[Tensor]) -> Tensor:
        """An image [n, C, H, W] for each label [n]: the first with a label is the first of that class's ranking (places
        int64, as `coresets.ranking` gives them), and so on, from its start again where there are no more."""
        index = torch.empty_like(labels)
        for label in labels.unique().tolist():
            wanted = labels == label
            order = ranking[label].to(labels.device)
            index[wanted] = order[torch.arange(int(wanted.sum()), device=labels.device) % len(order)]
        return self.take(index)[0]


def _choose(members: Tensor, n: int, generator: torch.Generator) -> Tensor:
    if n <= len(members):
        return members[torch.randperm(len(members), generator=generator)[:n]]
    return members[torch.randint(len(members), (n,), generator=generator)]
