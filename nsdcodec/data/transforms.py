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
    """The augmentation that distilled sets are trained with (`nsdcodec.data.augmentation`): `strategy` names
    operations, as "color_crop_cutout_flip_scale_rotate"; "none" leaves images alone. A batch gets one operation, with
    parameters for each image. `DSA.of(dataset)` is that of the file's recipe: the reported accuracy needs it. Raises
    UnknownName.

        loader = dataset.loader(256, transform=DSA.of(dataset))
    """

    strategy: str
    seeded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        augmentation.operations(self.strategy)

    @classmethod
    def of(cls, images: ImageSet) -> DSA:
        return cls(images.recipe.augmentation)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Images [n, C, H, W] -> the same shape, dtype and device; the generator is on the CPU."""
        return augmentation.apply(images, augmentation.draw(self.strategy, len(images), generator))


@dataclass(frozen=True)
class Seeded:
    """Any transform that draws from PyTorch's global generator, as those of torchvision v2 do, made reproducible: its
    chance depends on the loader's seed and its place in the epoch alone, so that it goes on after `load_state_dict` as
    if never stopped, with any number of workers. For `transform` and for `joint_transform`.

        loader = dataset.loader(256, transform=Seeded(v2.RandomCrop(32, padding=4)))

    Only what is drawn on the CPU is: also for images on a GPU torchvision draws there. Not thread-safe.
    """

    transform: Callable[..., Any]
    seeded: ClassVar[bool] = True

    def __call__(self, *arguments: Any) -> Any:
        """`transform(*arguments)` but for the last, the generator. The global generator is left as it was."""
        *given, generator = arguments
        before = torch.get_rng_state()
        # Not torch.manual_seed, which seeds every device.
        torch.default_generator.manual_seed(generator.initial_seed())
        try:
            return self.transform(*given)
        finally:
            torch.set_rng_state(before)
