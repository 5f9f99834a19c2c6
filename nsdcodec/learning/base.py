"""The base class of the networks: an embedding of images, and a linear classifier on top of it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """Images [n, C, H, W] -> logits [n, classes]. No buffers, so that the weights are all that a network is, and its
    flat vector all that trajectory matching needs."""

    classifier: nn.Linear

    @abstractmethod
    def embed(self, images: Tensor) -> Tensor:
        """What distribution matching compares: [n, D], the input of the linear layer."""

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.embed(images))
        return logits


def instance_norm(channels: int) -> nn.Module:
    """Group norm with a group for each channel, which is instance norm with its affine part."""
    return nn.GroupNorm(channels, channels)
