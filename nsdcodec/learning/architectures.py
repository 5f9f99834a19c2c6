"""The fixed networks of the cross-architecture protocol (DC, DSA, MTT; NSD Table 4): ResNet18, VGG11, AlexNet.

All as in the protocol of DC (Zhao et al., ICLR 2021): instance norm, PyTorch's initial weights, one linear layer.
"""

from __future__ import annotations

from torch import Tensor, nn

from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning.base import Network, instance_norm, outputs
from nsdcodec.system.packages import package


class ResNet18(Network):
    """torchvision's ResNet18 (He et al., CVPR 2016) with instance norm and the stem of CIFAR: a 3 x 3 convolution of
    stride 1, no max-pool. 11,173,962 parameters at 3 x 32 x 32 and 10 classes.

    Three halvings, then the mean over all that is left, so that D is 512 at every size (the protocol pools 4 x 4, which
    is the same at 28 and 32 pixels). Raises InvalidSetting below 9 pixels, where one pixel is left to be normed to 0;
    MissingData without torchvision.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        _refuse_below(9, "resnet18", geometry)
        resnet = package("torchvision.models.resnet")
        # Not resnet18(): its keywords would pass through a decorator for downloaded weights.
        self.features: nn.Module = resnet.ResNet(resnet.BasicBlock, [2, 2, 2, 2], norm_layer=instance_norm)
        self.features.conv1 = nn.Conv2d(geometry.channels, 64, 3, padding=1, bias=False)
        self.features.maxpool, self.features.fc = nn.Identity(), nn.Identity()
        for module in self.features.modules():
            # Torchvision starts convolutions wider than PyTorch does; the protocol takes PyTorch's.
            if isinstance(module, nn.Conv2d):
                module.reset_parameters()
        self.classifier = nn.Linear(512, geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        features: Tensor = self.features(images)
        return features

    def layers(self, images: Tensor) -> list[Tensor]:
        """Of the four stages, and of the mean at the end."""
        *modules, _ = self.features.children()
        return outputs(modules, images, (nn.Sequential, nn.AdaptiveAvgPool2d))


class VGG11(Network):
    """Configuration A of VGG (Simonyan and Zisserman, ICLR 2015): eight 3 x 3 convolutions, each with instance norm and
    ReLU, five 2 x 2 max-pools; one linear layer in place of three. 9,231,114 parameters at 3 x 32 x 32 and 10 classes.

    Five halvings: at 32 pixels one is left and D is 512, at 64 D is 512 x 2 x 2, at 128 512 x 4 x 4. 28 to 31 pixels
    get a border of 2, as the protocol gives to MNIST. Raises InvalidSetting below 28 pixels.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        _refuse_below(28, "vgg11", geometry)
        border = _border(geometry)
        layers: list[nn.Module] = []
        channels = geometry.channels
        for width, pooled in zip((64, 128, 256, 256, 512, 512, 512, 512), (1, 1, 0, 1, 0, 1, 0, 1), strict=True):
            padding = 1 if layers else 1 + border
            layers += [nn.Conv2d(channels, width, 3, padding=padding), instance_norm(width), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if pooled else []
            channels = width
        self.features = nn.Sequential(*layers)
        height, width = (side + 2 * border >> 5 for side in (geometry.height, geometry.width))
        self.classifier = nn.Linear(512 * height * width, geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        features: Tensor = self.features(images)
        return features.flatten(1)

    def layers(self, images: Tensor) -> list[Tensor]:
        return outputs(self.features, images, nn.MaxPool2d)


class AlexNet(Network):
    """The protocol's AlexNet (after Krizhevsky et al., NeurIPS 2012): convolutions 5 x 5 of 128 and 192 channels, 3 x 3
    of 256, 192 and 192, each with ReLU; 2 x 2 max-pools after the first, second and fifth; one linear layer; no norm.
    1,872,202 parameters at 3 x 32 x 32 and 10 classes.

    Three halvings: D is 192 x 4 x 4 at 32 pixels, 192 x 8 x 8 at 64, 192 x 16 x 16 at 128. 28 to 31 pixels get a border
    of 2, as the protocol gives to MNIST. Raises InvalidSetting below 8 pixels.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        _refuse_below(8, "alexnet", geometry)
        border = _border(geometry)
        layers: list[nn.Module] = []
        channels = geometry.channels
        for width, size, pooled in ((128, 5, 1), (192, 5, 1), (256, 3, 0), (192, 3, 0), (192, 3, 1)):
            padding = size // 2 if layers else size // 2 + border
            layers += [nn.Conv2d(channels, width, size, padding=padding), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if pooled else []
            channels = width
        self.features = nn.Sequential(*layers)
        height, width = (side + 2 * border >> 3 for side in (geometry.height, geometry.width))
        self.classifier = nn.Linear(192 * height * width, geometry.classes)

    def embed(self, images: Tensor) -> Tensor:
        features: Tensor = self.features(images)
        return features.flatten(1)

    def layers(self, images: Tensor) -> list[Tensor]:
        return outputs(self.features, images, nn.MaxPool2d)


def _border(geometry: Geometry) -> int:
    return 2 if 28 <= min(geometry.height, geometry.width) < 32 else 0


def _refuse_below(least: int, name: str, geometry: Geometry) -> None:
    if min(geometry.height, geometry.width) < least:
        raise InvalidSetting(
            f"{name} needs images of at least {least} x {least} pixels, not {geometry.height} x {geometry.width}; "
            "take convnet"
        )
