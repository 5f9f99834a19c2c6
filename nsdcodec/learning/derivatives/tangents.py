"""The derivative of a network's loss along a direction of its weights, computed beside the loss itself.

Each layer carries an activation and its derivative along the direction (Pearlmutter 1994; forward mode). What comes out
is an ordinary scalar, so that its gradient, a Hessian times the direction, needs only first-order backward: no graph of
a backward is ever kept, and images can go through in any parts, since no layer mixes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.learning.base import Network
from nsdcodec.learning.derivatives import layers
from nsdcodec.learning.derivatives.layers import InputSpec, Layer


def has_tangent(network: nn.Module) -> bool:
    """Whether `Tangent` knows every layer: a `Network` whose features are one sequence of what `layers` knows, each
    norm before a ReLU."""
    features = getattr(network, "features", None)
    if not isinstance(network, Network) or not isinstance(features, nn.Sequential):
        return False
    names = [type(module).__name__ for module in features]
    if any(here == "GroupNorm" and after != "ReLU" for here, after in pairwise([*names, ""])):
        return False
    return all(layers.known(module) for module in features)


class Tangent:
    """A network's loss and its derivative along a direction, for images of one shape [C, H, W], with convolutions and
    products in `dtype`. Of the network only the structure is used. It must have one (`has_tangent`)."""

    def __init__(self, network: nn.Module, shape: Sequence[int], device: torch.device, dtype: torch.dtype) -> None:
        assert isinstance(network, Network), "ask has_tangent"
        assert isinstance(network.features, nn.Sequential), "ask has_tangent"
        channels, height, width = shape
        self.shapes = [weight.shape for weight in network.parameters()]
        spec = InputSpec(channels, height, width, device, dtype)
        built = list(layers.build([*network.features, network.classifier], spec))
        self.layers: list[Layer] = [layer for layer, _ in built]
        # The last is of the logits, which have no pixels.
        self.widest = max(spec.channels * spec.height * spec.width for _, spec in built[:-1])

    def leaves(self, vector: Tensor) -> list[Tensor]:
        """The flat weights [P], one by one, in memory of their own."""
        parts = vector.detach().split([shape.numel() for shape in self.shapes])
        return [part.view(shape).clone() for part, shape in zip(parts, self.shapes, strict=True)]

    def flat(self, gradients: Sequence[Tensor]) -> Tensor:
        """The other way: the gradient [P] in the flat weights, from those in `leaves`."""
        return torch.cat([one.reshape(-1) for one in gradients])

    def activation_bytes(self, images: Tensor) -> int:
        """Of one image where it is widest: what bounds how many should go through together."""
        return self.widest * images.element_size()

    def loss(self, weights: Sequence[Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """The cross-entropies of images [n, C, H, W], summed, with these weights (`leaves`) and labels int64 [n], or
        soft ones [n, classes]."""
        x = images.permute(0, 2, 3, 1)
        for layer, own in self._own(weights):
            x = layer.value(own, x)
        return F.cross_entropy(x, labels, reduction="sum")

    def jvp(self, weights: Sequence[Tensor], direction: Sequence[Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """The derivative of `loss` along a direction of the weights, differentiable once in weights, images and labels.

        With p = softmax(logits) and its tangents: sum over images of y . (p . tangent - tangent), whose first product
        is a number an image. The softmax is written out, so that there is no second derivative of a fused loss.
        """
        x: layers.Dual = images.permute(0, 2, 3, 1), None
        for (layer, own), (_, tangents) in zip(self._own(weights), self._own(direction), strict=True):
            x = layer.jvp(own, tangents, x)
        logits, tangent = x
        assert tangent is not None
        mean = (logits.softmax(dim=1) * tangent).sum(dim=1, keepdim=True)
        if labels.is_floating_point():
            return (labels * (mean - tangent)).sum()
        return mean.sum() - tangent.gather(1, labels[:, None]).sum()

    def _own(self, weights: Sequence[Tensor]) -> Iterator[tuple[Layer, Sequence[Tensor]]]:
        start = 0
        for layer in self.layers:
            yield layer, weights[start : start + layer.count]
            start += layer.count
