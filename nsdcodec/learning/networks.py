"""The networks of the field's protocol by name, built from a `NetworkSpec`; and the ConvNet itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning.architectures import VGG11, AlexNet, ResNet18
from nsdcodec.learning.base import Network, instance_norm, outputs
from nsdcodec.system.devices import on_device


class MeanPool(nn.Module):
    """2 x 2 mean pooling. In bfloat16 on a CPU by adding slices: with PyTorch's own kernel a whole step takes half as
    long again (benchmarks/RESULTS.md)."""

    def forward(self, images: Tensor) -> Tensor:
        even = images.shape[2] % 2 == images.shape[3] % 2 == 0
        if images.dtype is not torch.bfloat16 or images.device.type != "cpu" or not even:
            return F.avg_pool2d(images, 2)
        rows = images[:, :, ::2] + images[:, :, 1::2]
        return (rows[..., ::2] + rows[..., 1::2]) * 0.25


class ConvNet(Network):
    """`depth` blocks of (3 x 3 convolution, instance norm, ReLU, 2 x 2 mean pool), then linear (Gidaris and Komodakis
    2018, as used by DC, DM, MTT and NSD). Depth 3, width 128 at 3 x 32 x 32 and 10 classes: 320,010 parameters.

    Images [n, C, H, W] -> logits [n, classes]. Raises InvalidSetting where pooling would leave no pixel.
    """

    def __init__(self, geometry: Geometry, depth: int, width: int) -> None:
        super().__init__()
        if (side := min(geometry.height, geometry.width)) >> depth < 1:
            raise InvalidSetting(
                f"convnet: {depth} poolings leave nothing of {geometry.height} x {geometry.width} pixels; "
                + ("lower the depth" if side > 1 else "bring the images to at least 2 x 2 pixels: fold or repeat them")
            )
        layers: list[nn.Module] = []
        channels = geometry.channels
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), instance_norm(width), nn.ReLU(), MeanPool()]
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * (geometry.height >> depth) * (geometry.width >> depth), geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        """[n, width h w]."""
        features: Tensor = self.features(images)
        return features.flatten(1)

    def layers(self, images: Tensor) -> list[Tensor]:
        return outputs(self.features, images, MeanPool)


NETWORKS: dict[str, Callable[[Geometry, NetworkSpec], Network]] = {
    "convnet": lambda geometry, spec: ConvNet(geometry, spec.depth, spec.width),
    "resnet18": lambda geometry, spec: ResNet18(geometry),
    "vgg11": lambda geometry, spec: VGG11(geometry),
    "alexnet": lambda geometry, spec: AlexNet(geometry),
}
# The only depth and width of a fixed architecture: layers with weights from images to logits, channels of the first.
FIXED: dict[str, NetworkSpec] = {
    "resnet18": NetworkSpec("resnet18", 18, 64),
    "vgg11": NetworkSpec("vgg11", 9, 64),
    "alexnet": NetworkSpec("alexnet", 6, 128),
}


def build(spec: NetworkSpec, geometry: Geometry, seed: int) -> Network:
    """Builds a network with PyTorch's initial weights. `nsdcodec.build_network` is this function.

    Arguments:
        spec: which network, such as `dataset.recipe.network`.
        geometry: the number of classes and the image shape, such as `dataset.geometry`.
        seed: of the initial weights. PyTorch's global random state is left as it was.

    Returns:
        A module: images float32 [n, C, H, W] in normalised units -> logits [n, classes].

    Raises:
        UnknownName: no such network.
        InvalidSetting: the network does not come in this depth and width, or the images are too small for it.

    Examples:
        >>> dataset = NSDDataset("c10.nsd")
        >>> network = build_network(dataset.recipe.network, dataset.geometry, seed=0)
        >>> network(dataset.all()[0][:5]).shape
        torch.Size([5, 10])
    """
    check(spec)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # not torch.manual_seed, which seeds every device
        return NETWORKS[spec.name](geometry, spec)


def check(spec: NetworkSpec) -> None:
    """Raises UnknownName, and InvalidSetting where no network has this depth and width."""
    if spec.name not in NETWORKS:
        raise UnknownName("network", spec.name, NETWORKS)
    own = FIXED.get(spec.name, spec)
    if spec != own:
        raise InvalidSetting(
            f"{spec.name} has depth {own.depth} and width {own.width}, not {spec.depth} and {spec.width}: leave them, "
            "or take convnet, which has any"
        )
    if min(spec.depth, spec.width) < 1:
        raise InvalidSetting(f"{spec.name}: depth {spec.depth}, width {spec.width}; both must be at least 1")


def check_images(spec: NetworkSpec, geometry: Geometry) -> None:
    """Raises what `build` would, without the time and memory of a network."""
    with torch.device("meta"):
        build(spec, geometry, 0)


def named(name: str, own: NetworkSpec) -> NetworkSpec:
    """The network of a name, beside a file's `own`: "convnet" is `own` (where that is no ConvNet: the field's, depth 3
    and width 128), "convnet4" the same at depth 4; a fixed architecture has its own size. Raises UnknownName."""
    if name in FIXED:
        return FIXED[name]
    found = re.fullmatch(r"convnet([1-9]\d?)?", name)
    if not found:
        raise UnknownName("network", name, (*NETWORKS, "convnet3", "convnet4", "convnet5"))
    convnet = own if own.name == "convnet" else NetworkSpec()
    return replace(convnet, depth=int(found[1])) if found[1] else convnet


def widened(spec: NetworkSpec, width: int) -> NetworkSpec:
    """The same at another width; a fixed architecture as it is."""
    return spec if spec.name in FIXED else replace(spec, width=width)


def moved(network: Network, device: torch.device) -> Network:
    """The network itself, with new weights on the device, without a wait for what the device does."""
    # Not by `Module.to`, whose copies of memory that is not pinned wait.
    for module in network.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(on_device(weight.detach(), device)))
    return network


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
