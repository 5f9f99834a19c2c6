"""The base class of the networks: an embedding of images, and a linear classifier on top of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """Images [n, C, H, W] -> logits [n, classes]. No buffers, so that the weights are all that a network is, and its
    flat vector all that trajectory matching needs."""

    classifier: nn.Linear

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """What distribution matching compares: [n, D], the input of the linear layer."""

    def layers(self, images: Tensor) -> list[Tensor]:
        """What matching layer by layer compares: what each block of layers puts out, [n, ...], from the first to the
        last, which is the embedding but for its shape. Of a network that does not say more, the embedding alone."""
        return [self.embed(images)]

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.embed(images))
        return logits


def instance_norm(channels: int) -> nn.Module:
    """Group norm with a group for each channel, which is instance norm with its affine part."""
    return nn.GroupNorm(channels, channels)


def outputs(
    modules: Iterable[nn.Module], images: Tensor, ends: type[nn.Module] | tuple[type[nn.Module], ...]
) -> list[Tensor]:
    """What modules that follow each other put out, after each that is one of `ends`."""
    found = []
    for module in modules:
        images = module(images)
        if isinstance(module, ends):
            found.append(images)
    return found
