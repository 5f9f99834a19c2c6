"""What a file says about training on its set: normalisation, network, training recipe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation of each channel. Images are normalised: (pixel / 255 - mean) / std."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class NetworkSpec:
    """Which network: "convnet", the field's ConvNet of `depth` blocks (3 x 3 convolution of `width` channels, instance
    norm, ReLU, 2 x 2 mean pooling); or "resnet18", "vgg11" or "alexnet", whose depth and width are fixed."""

    name: str = "convnet"
    depth: int = 3
    width: int = 128


@dataclass(frozen=True)
class TrainingRecipe:
    """How to train on the set: by SGD, whose learning rate falls to a tenth after half of the epochs, with DSA by the
    strategy `augmentation`.

    A distilled set needs the settings that it was distilled for: with others the accuracy can be much lower.
    """

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 256
    epochs: int = 1000
    augmentation: str = "color_crop_cutout_flip_scale_rotate"
    network: NetworkSpec = NetworkSpec()
