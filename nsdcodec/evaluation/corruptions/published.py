"""The published CIFAR-10-C, where a data folder has it: CIFAR-10-C/<corruption>.npy and labels.npy.

Each array holds 50,000 x 32 x 32 x 3 uint8, the test set at severity 1, then at 2, to 5; labels.npy has one for each.
Its images are in CIFAR-10's own order, so that its labels go with them, and not those of any other copy of the set.
The labels are places in CLASSES, in whatever order a copy of the set has its classes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from nsdcodec.errors import InvalidSource, MissingData
from nsdcodec.evaluation.corruptions import SEVERITIES, check
from nsdcodec.format.geometry import Geometry
from nsdcodec.sources.base import Split

FOLDER = "CIFAR-10-C"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read(folder: Path, name: str, severity: int, geometry: Geometry) -> Split:
    """The test set with this corruption, images uint8 [N, C, H, W] of the geometry; reads no more of the file.

    Raises MissingData for a file that is absent, InvalidSource for one that is not such an array.
    """
    check(name, severity)
    images, labels = arrays(folder, name, geometry)
    count = len(images) // len(SEVERITIES)
    part = slice((severity - 1) * count, severity * count)
    split = Split(
        torch.from_numpy(np.ascontiguousarray(images[part].transpose(0, 3, 1, 2))),
        torch.from_numpy(labels[part].astype(np.int64)),
    )
    if int(split.labels.min()) < 0 or int(split.labels.max()) >= geometry.classes:
        raise InvalidSource(f"{folder / 'labels.npy'}: a label outside 0 to {geometry.classes - 1}; fetch it again")
    return split


def arrays(folder: Path, name: str, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Images [5 N, H, W, C] and labels [5 N] as they lie in the files: checked, not read. Raises as `read`."""
    images, labels = _array(folder / f"{name}.npy"), _array(folder / "labels.npy")
    wanted = (geometry.height, geometry.width, geometry.channels)
    fifths = images.ndim == 4 and len(images) > 0 and len(images) % len(SEVERITIES) == 0
    if images.dtype != np.uint8 or not fifths or images.shape[1:] != wanted:
        raise InvalidSource(
            f"{folder / name}.npy: {images.dtype} {list(images.shape)}, not uint8 [5 N, {', '.join(map(str, wanted))}] "
            "with a fifth for each severity; fetch it again"
        )
    if labels.dtype.kind not in "ui" or labels.shape != images.shape[:1]:
        raise InvalidSource(
            f"{folder / 'labels.npy'}: {labels.dtype} {list(labels.shape)}, not one integer for each of the "
            f"{len(images):,} images of {name}.npy; fetch it again"
        )
    return images, labels


def _array(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("an archive of arrays")
    except FileNotFoundError as error:
        raise MissingData(
            f"{path} is missing; put all of CIFAR-10-C there (doi.org/10.5281/zenodo.2535967), or rename the folder to "
            "have the corruptions made from the test images"
        ) from error
    except (OSError, ValueError, EOFError) as error:
        raise InvalidSource(f"{path}: not a readable .npy file ({error}); fetch it again") from error
    return array
