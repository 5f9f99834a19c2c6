"""Transforms of whole batches for `ImageSet.loader`, whose random numbers come from the loader's seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.image_set import ImageSet


@dataclass(frozen=True)
class DSA:
    """Differentiable siamese augmentation (Zhao and Bilen, ICML 2021), with which distilled sets are trained. Each
    batch gets one operation of the strategy, with random parameters for each image.

    `DSA.of(dataset)` is the augmentation of the file's recipe. The accuracy that is reported for a file needs it.

    Arguments:
        strategy: names of operations joined by "_", such as "color_crop_cutout_flip_scale_rotate"; or "none".

    Raises:
        UnknownName: no such operation.

    Examples:
        >>> dataset = NSDDataset("c10.nsd")
        >>> loader = dataset.loader(256, transform=DSA.of(dataset))
        >>> DSA("crop_flip") == DSA.of(dataset)
        False
    """

    strategy: str
    seeded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        augmentation.operations(self.strategy)

    @classmethod
    def of(cls, images: ImageSet) -> DSA:
        """The augmentation that the recipe of a set asks for."""
        return cls(images.recipe.augmentation)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Images [n, C, H, W] -> the same shape, dtype and device; the generator is on the CPU."""
        return augmentation.apply(images, augmentation.draw(self.strategy, len(images), generator))


@dataclass(frozen=True)
class Seeded:
    """Makes a transform that draws from PyTorch's global generator, such as those of torchvision v2, reproducible. Its
    random numbers then depend only on the loader's seed and on the place of the batch in the epoch: they are the same
    after `load_state_dict`, and with any number of workers. It can be `transform` and `joint_transform` of a loader.

    Only numbers that are drawn on the CPU become reproducible; torchvision draws there for images on a GPU too. Not
    thread-safe.

    Arguments:
        transform: a function of the images, or of images and labels.

    Examples:
        >>> from torchvision.transforms import v2
        >>> dataset = NSDDataset("c10.nsd")
        >>> loader = dataset.loader(256, transform=Seeded(v2.RandomCrop(32, padding=4)))
        >>> next(iter(loader))[0].shape
        torch.Size([220, 3, 32, 32])
    """

    transform: Callable[..., Any]
    seeded: ClassVar[bool] = True

    def __call__(self, *arguments: Any) -> Any:
        """Calls `transform` with all arguments but the last, which is the generator. PyTorch's global generator is left
        as it was."""
        *given, generator = arguments
        before = torch.get_rng_state()
        # Not torch.manual_seed, which seeds every device.
        torch.default_generator.manual_seed(generator.initial_seed())
        try:
            return self.transform(*given)
        finally:
            torch.set_rng_state(before)
