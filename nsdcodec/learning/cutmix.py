"""CutMix (Yun et al., ICCV 2019): a rectangle of each image of a batch comes from another one, and so does its share of
the label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.format.recipe import TrainingRecipe
from nsdcodec.system.devices import on_device

# IDC (ICML 2022) evaluates with CutMix in half of the batches, and shares of the image that are uniform (beta 1).
SHARE = 0.5


@dataclass(frozen=True)
class WithCutMix(TrainingRecipe):
    """A recipe for a set of so many classes, with CutMix in half of the batches; a file's header has no word for it."""

    classes: int = 0

    @classmethod
    def of(cls, recipe: TrainingRecipe, classes: int) -> WithCutMix:
        return cls(**vars(recipe), classes=classes)


@dataclass(frozen=True)
class Cut:
    """For the n images of a batch: from which places int64 [n] the others come, and the rectangle that they give, of
    `area`, each of its numbers in parts of the image's height and width."""

    others: Tensor
    top: float
    left: float
    height: float
    width: float

    @classmethod
    def drawn(cls, n: int, generator: torch.Generator) -> Cut | None:
        """None for the batches that stay as they are."""
        others = torch.randperm(n, generator=generator)
        mixed, area, row, column = torch.rand(4, generator=generator).tolist()
        if mixed >= SHARE:
            return None
        side = math.sqrt(area)
        top, left = row - side / 2, column - side / 2
        bottom, right = min(1.0, top + side), min(1.0, left + side)
        top, left = max(0.0, top), max(0.0, left)
        return cls(others, top, left, bottom - top, right - left)

    def applied(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Images [n, C, H, W], and labels [n, classes] in the shares that the pixels have."""
        height, width = images.shape[-2:]
        top, left = int(self.top * height), int(self.left * width)
        bottom, right = int((self.top + self.height) * height), int((self.left + self.width) * width)
        others = on_device(self.others, images.device)
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = images[others, :, top:bottom, left:right]
        given = (bottom - top) * (right - left) / (height * width)
        return mixed, (1 - given) * labels + given * labels[others]


def distributions(labels: Tensor, classes: int) -> Tensor:
    """[..., classes]: soft labels as they are, certain ones of int64."""
    return labels if labels.is_floating_point() else F.one_hot(labels, classes).float()
