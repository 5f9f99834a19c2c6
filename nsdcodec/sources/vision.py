"""The small data sets of the field, as torchvision downloads them."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from nsdcodec.errors import MissingData
from nsdcodec.sources.arrays import split_of_arrays
from nsdcodec.sources.base import Source, Split, augmentation
from nsdcodec.system.packages import package

_NUMERALS = tuple("0123456789")


@dataclass(frozen=True)
class Dataset:
    """A class of torchvision.datasets. `classes` is empty if torchvision's own names are used."""

    torchvision: str
    about: str
    classes: tuple[str, ...] = ()


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        "cifar10": Dataset("CIFAR10", "50,000 + 10,000 photographs of 3 x 32 x 32 in 10 classes"),
        "cifar100": Dataset("CIFAR100", "50,000 + 10,000 photographs of 3 x 32 x 32 in 100 classes"),
        "svhn": Dataset("SVHN", "73,257 + 26,032 house-number digits of 3 x 32 x 32", _NUMERALS),
        "mnist": Dataset("MNIST", "60,000 + 10,000 handwritten digits of 1 x 28 x 28", _NUMERALS),
        "fashionmnist": Dataset("FashionMNIST", "60,000 + 10,000 pieces of clothing of 1 x 28 x 28 in 10 classes"),
    }
)


def load(name: str, cache: Path) -> Source:
    """Downloads what is missing to the folder `cache`. `name` is one of DATASETS. Raises MissingData."""
    dataset = DATASETS[name]
    make = getattr(package("torchvision.datasets"), dataset.torchvision)
    if name == "svhn":
        package("scipy.io")  # Torchvision imports it only after the download.
    try:
        train, test = (make(root=cache, download=True, **_which(name, part)) for part in ("train", "test"))
    # What urllib, its sockets, and torchvision's own checks raise; URLError is an OSError.
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise MissingData(
            f"{name} is not here and torchvision could not download it ({cause}). "
            f"Either put {name}.h5 (train/images uint8 [N, C, H, W], train/labels [N], test/images, test/labels, and "
            "the attribute `classes`) into the folder of --data-dir or $NSDC_DATA; or connect to a network, so that "
            f"torchvision downloads it to {cache}"
        ) from error
    classes = dataset.classes or tuple(train.classes)
    return Source(name, classes, _split(name, train), _split(name, test), augmentation(name))


def _which(name: str, part: str) -> dict[str, Any]:
    return {"split": part} if name == "svhn" else {"train": part == "train"}


def _split(name: str, data: Any) -> Split:
    labels = data.labels if name == "svhn" else data.targets
    return split_of_arrays(name, np.asarray(data.data), np.asarray(labels))
