"""What a file says about training on its set: normalisation, network, training recipe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Normalization:
    """Images are stored as (pixel / 255 - mean) / std, for each channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class NetworkSpec:
    """A ConvNet of the field: `depth` blocks of 3 x 3 convolution, `width` channels, norm, ReLU, 2 x 2 mean pool. Or a
    fixed architecture by its name (learning/networks.py), whose depth and width are its own."""

    name: str = "convnet"
    depth: int = 3
    width: int = 128


@dataclass(frozen=True)
class TrainingRecipe:
    """How to train on the set: SGD; the rate falls to a tenth at half of the epochs; DSA with `augmentation`.

    Without it a distilled set is of little use: the reported accuracy needs the rate that it was distilled for.
    """

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    batch_size: int = 256
    epochs: int = 1000
    augmentation: str = "color_crop_cutout_flip_scale_rotate"
    network: NetworkSpec = NetworkSpec()
