"""Several networks of one architecture as one module, so that a training step of all is a few large operations.

This helps a GPU that waits for its host to launch operations: each operation is launched once for all networks. Only
small convolutions are joined, as grouped convolutions (vmap makes these too), because large ones get slower by it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks as registry
from nsdcodec.learning.architectures import VGG11, AlexNet, ResNet18
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.networks import ConvNet

# Networks whose every operation but those of `JOINT` acts on each channel alone.
STACKABLE = (ConvNet, ResNet18, VGG11, AlexNet)
MOST_BY_ITSELF = 8
# A convolution that puts out so few values for a network is one grouped convolution: most of its time is its launch.
# Measured on a CPU (benchmarks/RESULTS.md); for CUDA what is read and written in the time of a few launches.
GROUPED_UP_TO = {"cpu": 2**16, "cuda": 2**20}
# Of float32 a value that a layer puts out, with its gradient and what the backward pass makes for a while.
COPIES_OF_A_VALUE = 3


def stack(networks: Sequence[nn.Module]) -> nn.Module:
    """Images [n, S C, H, W], those of network i in the channels from i C on, -> logits [S, n, classes]. Its parameters
    are the networks' own: training it trains them. They are of one architecture of `STACKABLE`."""
    assert all(isinstance(network, STACKABLE) for network in networks), type(networks[0])
    joint = copy.deepcopy(networks[0])
    for name, module in networks[0].named_modules():
        if type(module) in JOINT:
            joint.set_submodule(name, JOINT[type(module)](network.get_submodule(name) for network in networks))
    return joint


def at_once(spec: NetworkSpec, geometry: Geometry, batch_size: int, compute: Compute) -> int:
    """How many networks to train at once: `compute.networks_at_once`; by itself 1 on a CPU, where results are then the
    same bit for bit however many are trained, and up to 8 on a CUDA device, as half of its free memory allows. 1 where
    the architecture cannot be stacked; no more than those whose batches are `compute.images_at_once` together."""
    asked, device, images_at_once = compute.networks_at_once, compute.device, compute.images_at_once
    if asked == 1 or (asked is None and device.type != "cuda"):
        return 1
    network = registry.build(spec, geometry, 0)
    if not isinstance(network, STACKABLE):
        return 1
    most = MOST_BY_ITSELF if asked is None else asked
    if images_at_once is not None:
        most = min(most, max(1, images_at_once // batch_size))
    if asked is not None:
        return most
    free, _ = torch.cuda.mem_get_info(device)
    needed = 4 * COPIES_OF_A_VALUE * batch_size * values_an_image(network, geometry)
    return max(1, min(most, free // 2 // needed))


def values_an_image(network: nn.Module, geometry: Geometry) -> int:
    """How many values all layers put out for one image."""
    sizes: list[int] = []
    shadow = copy.deepcopy(network).to("meta")  # where nothing is computed but shapes
    for module in shadow.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda module, inputs, output: sizes.append(output.numel()))
    shadow(torch.empty(1, geometry.channels, geometry.height, geometry.width, device="meta"))
    return sum(sizes)


def _joined(modules: nn.ModuleList, name: str) -> Tensor:
    return torch.cat([cast(Tensor, getattr(module, name)) for module in modules])


class _Convolutions(nn.ModuleList):
    """[n, S C, H, W] -> [n, S C', H', W']."""

    def forward(self, images: Tensor) -> Tensor:
        first = cast(nn.Conv2d, self[0])
        if images[:, 0].numel() * first.out_channels <= GROUPED_UP_TO.get(images.device.type, 0):
            return self._grouped(images, first)
        parts = images.chunk(len(self), dim=1)
        return torch.cat([convolution(part) for convolution, part in zip(self, parts, strict=True)], dim=1)

    def _grouped(self, images: Tensor, first: nn.Conv2d) -> Tensor:
        bias = None if first.bias is None else _joined(self, "bias")
        groups = len(self) * first.groups
        return F.conv2d(images, _joined(self, "weight"), bias, first.stride, first.padding, first.dilation, groups)


class _Norms(nn.ModuleList):
    """Group norms of S networks are one group norm, of S times the groups."""

    def forward(self, images: Tensor) -> Tensor:
        weight, bias = _joined(self, "weight"), _joined(self, "bias")
        first = cast(nn.GroupNorm, self[0])
        # bfloat16 stays so, as autocast has it on a CPU; on CUDA it would go on in float32, twice the bytes to move.
        with torch.autocast(images.device.type, enabled=False):
            return F.group_norm(
                images, len(self) * first.num_groups, weight.to(images.dtype), bias.to(images.dtype), first.eps
            )


class _Linears(nn.ModuleList):
    """[n, S D] -> [S, n, classes]."""

    def forward(self, features: Tensor) -> Tensor:
        weight, bias = (torch.stack([getattr(linear, name) for linear in self]) for name in ("weight", "bias"))
        own = features.unflatten(1, (len(self), -1)).transpose(0, 1)
        return torch.baddbmm(bias[:, None], own, weight.transpose(1, 2))


JOINT: dict[type[nn.Module], type[nn.ModuleList]] = {
    nn.Conv2d: _Convolutions,
    nn.GroupNorm: _Norms,
    nn.Linear: _Linears,
}
