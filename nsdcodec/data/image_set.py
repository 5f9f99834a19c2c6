"""What every distilled set is to a training loop, be it a file, a part of one, or several: the base of `dataset`.

A set says how to make a batch; here stand the single item, the batch of a DataLoader, and the loader.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from nsdcodec.data import pixels
from nsdcodec.data.collation import Samples, collate_whole
from nsdcodec.data.loader import BatchTransform, JointTransform, Loader
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.system.devices import on_device

Transform = Callable[[Any], Any]
Index = Sequence[int] | Tensor


collate_whole()


class ImageSet(Dataset[tuple[Any, Any]], ABC):
    """`set[i]` is (image float32 [C, H, W] in normalised units, label), each through its transform. The label is an
    int; of soft labels a distribution over the classes, float32 [classes], which cross_entropy takes as well.

    `labels` is int64 [N] or float32 [N, classes], `hard_labels` int64 [N]: of soft labels the likeliest class.
    """

    transform: Transform | None = None
    target_transform: Transform | None = None

    @property
    @abstractmethod
    def labels(self) -> Tensor: ...

    @property
    @abstractmethod
    def hard_labels(self) -> Tensor: ...

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""

    @property
    @abstractmethod
    def recipe(self) -> TrainingRecipe:
        """How to train on this set: rate, momentum, weight decay, batch, epochs, augmentation, network."""

    @property
    @abstractmethod
    def normalization(self) -> Normalization:
        """What turned pixels in 0 to 1 into these images: apply the same to real images before testing on them."""

    @property
    @abstractmethod
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of each image."""

    @abstractmethod
    def images(self, index: Tensor, device: torch.device) -> Tensor:
        """Images float32 [n, C, H, W] in normalised units on the device, for int64 [n] on the CPU, each 0 to N - 1."""

    @abstractmethod
    def prepare(self, device: torch.device) -> None:
        """Decodes now what is to be kept on this device, and not in the second epoch: before workers are forked, which
        keep nothing of their own."""

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Raises IndexError outside -len to len - 1."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> Sequence[tuple[Any, Any]]:
        """The samples of a whole batch, decoded in one synthesis: what a DataLoader calls."""
        samples = Samples(*self.batch(indices))
        if self.transform is None and self.target_transform is None:
            return samples
        return [
            (
                self.transform(image) if self.transform else image,
                self.target_transform(label) if self.target_transform else label,
            )
            for image, label in samples
        ]

    def batch(self, indices: Index, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        """Images float32 [n, C, H, W] and labels int64 [n] (soft: float32 [n, classes]) on the device, without
        transforms. Raises IndexError outside -len to len - 1."""
        index, device = self._checked(indices), _exact(device)
        with torch.no_grad():
            images = self.images(index, device)
        return images, on_device(self.labels[index], device)

    def all(self) -> tuple[Tensor, Tensor]:
        """Every image and label at once: images float32 [N, C, H, W], labels int64 [N] (soft: float32 [N, classes])."""
        return self.batch(torch.arange(len(self)))

    def loader(
        self,
        batch_size: int,
        *,
        device: torch.device | str = "cpu",
        shuffle: bool = True,
        seed: int = 0,
        transform: BatchTransform | None = None,
        joint_transform: JointTransform | None = None,
        drop_last: bool = False,
        workers: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        dtype: torch.dtype = torch.float32,
        channels_last: bool = False,
    ) -> Loader:
        """An iterable of (images [n, C, H, W], labels) on the device, epoch after epoch: see `loader.Loader`."""
        return Loader(
            self,
            batch_size,
            device=_exact(device),
            shuffle=shuffle,
            seed=seed,
            transform=transform,
            joint_transform=joint_transform,
            drop_last=drop_last,
            workers=workers,
            rank=rank,
            world_size=world_size,
            dtype=dtype,
            channels_last=channels_last,
        )

    def to_pixels(self, images: Tensor) -> Tensor:
        """Normalised images [n, C, H, W] -> uint8 pixels, rounded, cut off at 0 and 255."""
        return pixels.to_pixels(images, self.normalization)

    def _checked(self, indices: Index) -> Tensor:
        """int64 [n] on the CPU, each 0 to len - 1. Raises IndexError and TypeError."""
        if isinstance(indices, Tensor):
            if indices.ndim != 1 or indices.dtype.is_floating_point or indices.dtype == torch.bool:
                raise TypeError(
                    f"indices are {indices.dtype} of the shape {list(indices.shape)}; integers [n] are needed"
                )
            index = indices.to("cpu", torch.int64)
        else:
            index = torch.tensor([operator.index(i) for i in indices], dtype=torch.int64)
        if not len(index):
            return index
        least, most = (int(end) for end in index.aminmax())
        if not -len(self) <= least <= most < len(self):
            raise IndexError(f"index {least} to {most} in a set of {len(self)} images")
        return index % len(self) if least < 0 else index


def _exact(device: torch.device | str) -> torch.device:
    """With its number, so that "cuda" and "cuda:0" are one place. Raises RuntimeError where there is no such device."""
    return torch.empty(0, device=device).device
