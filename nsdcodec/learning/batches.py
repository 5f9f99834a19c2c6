"""The batches of an epoch, for one network or for several at once: which images, in what order, augmented how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from nsdcodec import augmentation
from nsdcodec.augmentation import Draw
from nsdcodec.synthesis import on_device


class Examples(Protocol):
    """What a network learns from: images and labels on a device, as `RealData` keeps them in bytes and `Held` as they
    are."""

    @property
    def device(self) -> torch.device: ...

    def __len__(self) -> int: ...

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images [n, C, H, W] and labels [n], or soft ones [n, classes], at these places."""


@dataclass(frozen=True)
class Held:
    """Normalised images [n, C, H, W], and labels [n] or [n, classes], of which batches are taken as they are."""

    images: Tensor
    labels: Tensor

    @property
    def device(self) -> torch.device:
        return self.images.device

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        return self.images[index.to(self.images.device)], self.labels[index.to(self.labels.device)]


@dataclass(frozen=True)
class _Plan:
    """What one network's generator decides of an epoch: the order [n], and of each batch its operation, with the
    uniform numbers [n, 4] of all images in that order; none of both without augmentation."""

    order: Tensor
    operations: tuple[str, ...]
    uniform: Tensor

    @classmethod
    def drawn(cls, n: int, batch_size: int, strategy: str, generator: torch.Generator) -> _Plan:
        order = torch.randperm(n, generator=generator)
        draws = [augmentation.draw(strategy, len(part), generator) for part in order.split(batch_size)]
        chosen = [draw for draw in draws if draw is not None]
        uniform = torch.cat([draw.uniform for draw in chosen]) if chosen else torch.empty(n, 0)
        return cls(order, tuple(draw.operation for draw in chosen), uniform)


def epoch(
    examples: Examples, batch_size: int, strategy: str, generators: Sequence[torch.Generator]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Every example once in batches, for as many networks S as there are generators: each has an order and
    augmentations of its own, those that it would have alone. Images [n, S C, H, W], a network's C channels side by
    side, and labels [S, n] or [S, n, classes].

    All is drawn before the first batch and sent to the device at once, so that no step waits for a copy. Networks are
    augmented in turn, since each has an operation of its own.
    """
    plans = [_Plan.drawn(len(examples), batch_size, strategy, generator) for generator in generators]
    orders = on_device(torch.stack([plan.order for plan in plans]), examples.device)
    uniforms = on_device(torch.stack([plan.uniform for plan in plans]), examples.device)
    steps = zip(orders.split(batch_size, dim=1), uniforms.split(batch_size, dim=1), strict=True)
    for step, (index, uniform) in enumerate(steps):
        images, labels = (part.unflatten(0, index.shape) for part in examples.take(index.flatten()))
        draws = [
            Draw(plan.operations[step], own) if plan.operations else None
            for plan, own in zip(plans, uniform, strict=True)
        ]
        parts = [augmentation.apply(own, draw) for own, draw in zip(images, draws, strict=True)]
        yield parts[0] if len(parts) == 1 else torch.cat(parts, dim=1), labels
