"""NSDDataset: a file as a map-style PyTorch data set, decoded as it is read. The end of the decoding path."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from nsdcodec import synthesis
from nsdcodec.container.file import Source, read
from nsdcodec.container.header import Header, Normalization, TrainingRecipe

Transform = Callable[[Any], Any]


class NSDDataset(Dataset[tuple[Any, Any]]):
    """`ds[i]` is (image float32 [C, H, W] in normalised units, label), each through its transform. The label is an int;
    in a file of soft labels a distribution over the classes, float32 [classes], which cross_entropy takes as well.

    `source` is a path, a URL, the bytes of a file, or an open binary stream; it is read once and checked whole. Batches
    that a DataLoader asks for are decoded at once. Pickles, so workers may be forked or spawned. Raises what
    `nsdcodec.read` raises.
    """

    def __init__(
        self, source: Source, transform: Transform | None = None, target_transform: Transform | None = None
    ) -> None:
        file = read(source)
        self.header: Header = file.header
        self.nbytes: int = file.nbytes
        self.transform = transform
        self.target_transform = target_transform
        arrays = {role: synthesis.to_torch(values) for role, values in file.arrays.items()}
        self.labels: Tensor = synthesis.labels(self.header.layout, arrays)
        # The class of each image, int64 [N]: of soft labels the likeliest, by the scores as they are stored.
        self.hard_labels: Tensor = synthesis.hard_labels(arrays["labels"] if self.labels.ndim == 2 else self.labels)
        self._arrays = {role: values for role, values in arrays.items() if role != "labels"}

    @property
    def classes(self) -> tuple[str, ...]:
        return self.header.classes

    @property
    def recipe(self) -> TrainingRecipe:
        """How to train on this set: rate, momentum, weight decay, batch, epochs, augmentation, network."""
        return self.header.recipe

    @property
    def normalization(self) -> Normalization:
        """What turned pixels in 0 to 1 into these images: apply the same to real images before testing on them."""
        return self.header.normalization

    def __len__(self) -> int:
        return self.header.layout.images

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Raises IndexError outside -len to len - 1."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, Any]]:
        """The samples of a whole batch, decoded in one synthesis: what a DataLoader calls."""
        images, labels = self.batch(indices)
        singles = list(labels) if labels.ndim == 2 else labels.tolist()
        return [
            (
                self.transform(image) if self.transform else image,
                self.target_transform(label) if self.target_transform else label,
            )
            for image, label in zip(images, singles, strict=True)
        ]

    def batch(self, indices: Sequence[int] | Tensor) -> tuple[Tensor, Tensor]:
        """Images float32 [n, C, H, W] and labels int64 [n] (soft: float32 [n, classes]), without transforms. Raises
        IndexError."""
        index = torch.as_tensor([operator.index(i) for i in indices], dtype=torch.int64)
        if len(index) and not -len(self) <= int(index.min()) <= int(index.max()) < len(self):
            raise IndexError(f"index {int(index.min())} to {int(index.max())} in a set of {len(self)} images")
        index = index % len(self)
        with torch.no_grad():
            return synthesis.images(self.header.layout, self._arrays, index), self.labels[index]

    def all(self) -> tuple[Tensor, Tensor]:
        """Every image and label at once: images float32 [N, C, H, W], labels int64 [N] (soft: float32 [N, classes])."""
        with torch.no_grad():
            return synthesis.images(self.header.layout, self._arrays), self.labels.clone()

    def to_pixels(self, images: Tensor) -> Tensor:
        """Normalised images [n, C, H, W] -> uint8 pixels, clipped to 0 to 255."""
        mean = torch.tensor(self.normalization.mean)[:, None, None]
        std = torch.tensor(self.normalization.std)[:, None, None]
        return ((images * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)
