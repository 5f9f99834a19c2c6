"""The batches of an epoch, for one network or for several at once: which images, in what order, augmented how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.learning.cutmix import Cut, distributions
from nsdcodec.system.devices import on_device


class Examples(Protocol):
    """What a network learns from: images and labels on a device. `RealData` keeps them as bytes, `InMemory` as they
    are."""

    @property
    def device(self) -> torch.device: ...

    def __len__(self) -> int: ...

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images [n, C, H, W] and labels [n], or soft ones [n, classes], at these places."""


@dataclass(frozen=True)
class InMemory:
    """Normalised images [n, C, H, W], and labels [n] or [n, classes], of which batches are taken as they are."""

    images: Tensor
    labels: Tensor

    @property
    def device(self) -> torch.device:
        return self.images.device

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        index = on_device(index, self.device)
        return self.images[index], self.labels[index]


@dataclass(frozen=True)
class _Plan:
    """What one network's generator decides of an epoch: the order [n], and of each batch its operation, with the
    uniform numbers [n, 4] of all images in that order; None and [n, 0] without augmentation. And how the images of each
    batch are cut, where they are."""

    order: Tensor
    operations: tuple[str | None, ...]
    uniform: Tensor
    cuts: tuple[Cut | None, ...]

    @classmethod
    def drawn(cls, n: int, batch_size: int, strategy: str, generator: torch.Generator, cutmix: bool) -> _Plan:
        order = torch.randperm(n, generator=generator)
        draws = [augmentation.draw(strategy, len(part), generator) for part in order.split(batch_size)]
        uniforms = [draw.uniform for draw in draws if draw]
        uniform = torch.cat(uniforms) if uniforms else torch.empty(n, 0)
        cuts = [Cut.drawn(len(part), generator) if cutmix else None for part in order.split(batch_size)]
        return cls(order, tuple(draw.operation if draw else None for draw in draws), uniform, tuple(cuts))


def epoch(
    examples: Examples,
    batch_size: int,
    strategy: str,
    generators: Sequence[torch.Generator],
    mixed_classes: int | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Every example once in batches, for as many networks S as there are generators: each has an order and
    augmentations of its own, those that it would have alone. Images [n, S C, H, W], a network's C channels side by
    side, and labels [S, n] or [S, n, classes]. With `mixed_classes`, the number of classes, images are mixed by CutMix
    after that, and labels are always the latter.

    All is drawn before the first batch, and no step waits for a copy: the numbers are sent to the device at once. The
    order stays on the host, where large sets of images are.
    """
    plans = [
        _Plan.drawn(len(examples), batch_size, strategy, generator, mixed_classes is not None)
        for generator in generators
    ]
    orders = torch.stack([plan.order for plan in plans])
    uniforms = on_device(torch.stack([plan.uniform for plan in plans]), examples.device)
    steps = zip(orders.split(batch_size, dim=1), uniforms.split(batch_size, dim=1), strict=True)
    for step, (index, uniform) in enumerate(steps):
        images, labels = (part.unflatten(0, index.shape) for part in examples.take(index.flatten()))
        parts = _augmented(list(images), [plan.operations[step] for plan in plans], list(uniform))
        if mixed_classes is not None:
            wanted = list(distributions(labels, mixed_classes))
            cuts = [plan.cuts[step] for plan in plans]
            pairs = zip(cuts, parts, wanted, strict=True)
            mixed = [cut.applied(*given) if cut else given for cut, *given in pairs]
            parts, labels = [some for some, _ in mixed], torch.stack([theirs for _, theirs in mixed])
        yield parts[0] if len(parts) == 1 else torch.cat(parts, dim=1), labels


def _augmented(images: list[Tensor], operations: list[str | None], uniforms: list[Tensor]) -> list[Tensor]:
    """Of each network its batch [n, C, H, W], by its operation; those that have the same one are augmented at once."""
    found = images.copy()
    for operation in filter(None, dict.fromkeys(operations)):
        same = [i for i, own in enumerate(operations) if own == operation]
        joint, uniform = (
            parts[same[0]] if len(same) == 1 else torch.cat([parts[i] for i in same]) for parts in (images, uniforms)
        )
        parts = augmentation.apply(joint, Draw(operation, uniform)).split(len(images[0]))
        for i, part in zip(same, parts, strict=True):
            found[i] = part
    return found
