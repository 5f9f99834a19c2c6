"""ImageSet: the base class of every distilled set, be it a file, a part of one, or several joined.

A subclass says how a batch of images is made. Single items, the batches of a DataLoader and the loader are made from it
here.
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
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import Normalization, TrainingRecipe
from nsdcodec.system.devices import on_device

Transform = Callable[[Any], Any]
Index = Sequence[int] | Tensor


collate_whole()


class ImageSet(Dataset[tuple[Any, Any]], ABC):
    """A distilled set. `dataset[i]` is (image, label), each passed through its transform, if there is one. The image is
    float32 [C, H, W] in normalised units. The label is an int; a soft label is a distribution over the classes, float32
    [classes], which cross_entropy takes as well.

    `labels` is int64 [N] or float32 [N, classes]. `hard_labels` is int64 [N]: of soft labels, the most likely class.
    Both are copies, so that what is done to them in place is not done to the set.
    """

    transform: Transform | None = None
    target_transform: Transform | None = None
    # A subclass sets both.
    _labels: Tensor
    _hard_labels: Tensor

    @property
    def labels(self) -> Tensor:
        """As the file has them, a copy: classes int64 [N], or distributions float32 [N, classes]."""
        return self._labels.clone()

    @property
    def hard_labels(self) -> Tensor:
        """One class for each image, int64 [N], a copy: of soft labels the most likely one."""
        return self._hard_labels.clone()

    @property
    def targets(self) -> list[int]:
        """The hard labels, as the data sets of torchvision have them."""
        targets: list[int] = self._hard_labels.tolist()
        return targets

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class by its name, as the data sets of torchvision have it."""
        return {name: number for number, name in enumerate(self.classes)}

    @property
    @abstractmethod
    def recipe(self) -> TrainingRecipe:
        """How to train on this set: learning rate, momentum, weight decay, batch size, epochs, augmentation,
        network."""

    @property
    @abstractmethod
    def normalization(self) -> Normalization:
        """Mean and standard deviation of each channel, by which the images are normalised. Real images that a network
        is tested on must be normalised in the same way: `nsdcodec.normalize`."""

    @property
    @abstractmethod
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of each image."""

    @property
    def geometry(self) -> Geometry:
        """The number of classes and the shape of an image: what a network for this set must fit."""
        return Geometry(len(self.classes), *self.image_shape)

    @abstractmethod
    def images(self, index: Tensor, device: torch.device) -> Tensor:
        """Images float32 [n, C, H, W] in normalised units on the device, for int64 [n] on the CPU, each 0 to N - 1."""

    @abstractmethod
    def prepare(self, device: torch.device) -> None:
        """Decodes and keeps all images on this device now, rather than in the second epoch. Do this before workers are
        forked: they share what is kept then, and keep nothing themselves."""

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Raises IndexError outside -len to len - 1."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> Sequence[tuple[Any, Any]]:
        """The samples of a whole batch, decoded together. A DataLoader calls this."""
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
        """Images and labels at these indices, decoded together, without transforms.

        Arguments:
            indices: integers, as a sequence or as a tensor [n], each from -len to len - 1.
            device: where the images are decoded, and where images and labels are returned.

        Returns:
            Images float32 [n, C, H, W] in normalised units, and labels int64 [n]; soft labels are float32 [n, classes].

        Raises:
            IndexError: an index is out of range.
            TypeError: the indices are not integers.

        Examples:
            >>> images, labels = NSDDataset("c10.nsd").batch([3, 1, 2])
            >>> images.shape
            torch.Size([3, 3, 32, 32])
        """
        index, device = self._checked(indices), _exact(device)
        with torch.no_grad():
            images = self.images(index, device)
        return images, on_device(self._labels[index], device)

    def all(self) -> tuple[Tensor, Tensor]:
        """Every image and label, on the CPU.

        Returns:
            Images float32 [N, C, H, W] in normalised units, and labels int64 [N]; soft labels are float32 [N, classes].

        Examples:
            >>> images, labels = NSDDataset("c10.nsd").all()
            >>> len(images) == len(labels) == 220
            True
        """
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
        """An iterable of batches on a device. Iterating over it is one epoch; iterating again is the next epoch.

        The order depends on the seed and the epoch alone. `state_dict()` in the middle of an epoch says where the
        loader is, and after `load_state_dict` the next iteration goes on there, with any number of workers and
        processes.

        Arguments:
            batch_size: images in a batch, for each process of torch.distributed.
            device: where the batches are made.
            shuffle, seed: a new random order in each epoch, drawn from the seed; or always the order of the set.
            transform: images [n, C, H, W] -> images, as the transforms of torchvision v2. `DSA` and `Seeded` are
                random transforms that draw from the loader's seed.
            joint_transform: (images, labels) -> (images, labels), after `transform`, as MixUp and CutMix.
            drop_last: leave out the last batch of an epoch if it is smaller than the others.
            workers: processes that decode and transform on the CPU; 0 does it in this process, on the device.
            rank, world_size: which share of each step this process takes (default: that of torch.distributed).
            dtype, channels_last: type and memory format of the images.

        Returns:
            A loader of (images [n, C, H, W], labels). `len()` of it is the number of steps of an epoch.

        Raises:
            InvalidSetting: a number is out of range, or the dtype is not a floating type.
            WorkerDied: while iterating, if a worker was killed.

        Examples:
            >>> dataset = NSDDataset("c10.nsd")
            >>> loader = dataset.loader(100, seed=0, transform=DSA.of(dataset))
            >>> [len(images) for images, labels in loader]
            [100, 100, 20]
        """
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
        """Normalised images [n, C, H, W] -> uint8 pixels, rounded and clipped to 0 to 255."""
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
