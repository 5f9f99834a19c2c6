"""The networks of the field's protocol, built from a NetworkSpec."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.container.header import NetworkSpec
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.geometry import Geometry


class MeanPool(nn.Module):
    """2 x 2 mean pooling. In bfloat16 on a CPU by adding slices: with PyTorch's own kernel a whole step takes half as
    long again (benchmarks/RESULTS.md)."""

    def forward(self, images: Tensor) -> Tensor:
        even = images.shape[2] % 2 == images.shape[3] % 2 == 0
        if images.dtype is not torch.bfloat16 or images.device.type != "cpu" or not even:
            return F.avg_pool2d(images, 2)
        rows = images[:, :, ::2] + images[:, :, 1::2]
        return (rows[..., ::2] + rows[..., 1::2]) * 0.25


class ConvNet(nn.Module):
    """`depth` blocks of (3 x 3 convolution, instance norm, ReLU, 2 x 2 mean pool), then linear (Gidaris and Komodakis
    2018, as used by DC, DM, MTT and NSD). Depth 3, width 128 at 3 x 32 x 32 and 10 classes: 320,010 parameters.

    Images [n, C, H, W] -> logits [n, classes]. Raises InvalidSetting where pooling would leave no pixel.
    """

    def __init__(self, geometry: Geometry, depth: int, width: int) -> None:
        super().__init__()
        if min(geometry.height, geometry.width) >> depth < 1:
            raise InvalidSetting(
                f"convnet: {depth} poolings leave nothing of {geometry.height} x {geometry.width} pixels; "
                "lower the depth"
            )
        layers: list[nn.Module] = []
        channels = geometry.channels
        for _ in range(depth):
            # Group norm with a group for each channel is instance norm with its affine part.
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(width, width), nn.ReLU(), MeanPool()]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * (geometry.height >> depth) * (geometry.width >> depth), geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        """What distribution matching compares: [n, width h w], the input of the linear layer."""
        features: Tensor = self.features(images)
        return features.flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.embed(images))
        return logits


NETWORKS: dict[str, Callable[[Geometry, int, int], ConvNet]] = {"convnet": ConvNet}


def build(spec: NetworkSpec, geometry: Geometry, seed: int) -> ConvNet:
    """A network with PyTorch's initial weights for this seed; the global random state stays. Raises UnknownName."""
    if spec.name not in NETWORKS:
        raise UnknownName("network", spec.name, NETWORKS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NETWORKS[spec.name](geometry, spec.depth, spec.width)


def flatten(network: nn.Module) -> Tensor:
    """All weights as one float32 vector [P], in the order of `named_parameters`."""
    return torch.cat([weight.detach().reshape(-1) for weight in network.parameters()])


def unflatten(network: nn.Module, vector: Tensor) -> dict[str, Tensor]:
    """Views of the vector [P] by parameter name, for `torch.func.functional_call`."""
    weights, start = {}, 0
    for name, weight in network.named_parameters():
        weights[name] = vector[start : start + weight.numel()].view(weight.shape)
        start += weight.numel()
    return weights
