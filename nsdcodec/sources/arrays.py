"""Arrays as files hold them -> a Split and class names. Between the sources that read arrays and base."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.base import Split


def split_of_arrays(where: str, images: NDArray[Any], labels: NDArray[Any]) -> Split:
    """Arrays from a file as a Split; labels of any integer type. `where` begins the messages. Raises InvalidSource."""
    if images.dtype != np.uint8:
        raise InvalidSource(f"{where}: the images are {images.dtype}, not uint8: scale to 0 to 255, round and convert")
    if labels.dtype.kind not in "iu":
        raise InvalidSource(f"{where}: the labels are {labels.dtype}, not integers: store class numbers from 0 up")
    return Split(torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(labels.astype(np.int64)))


def channels_first(images: NDArray[Any]) -> NDArray[Any]:
    """[N, H, W, C] -> [N, C, H, W], known by the 1 or 3 channels; [N, H, W] gets one. Where both or neither fit,
    the images are [N, C, H, W] already."""
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        return images.transpose(0, 3, 1, 2)
    return images


def class_names(where: str, values: Any) -> tuple[str, ...]:
    """The class names that a file holds as a list of texts, plain or as UTF-8 bytes. Raises InvalidSource."""
    array = np.asarray(values)
    names = array.tolist()
    if array.ndim != 1 or not all(isinstance(name, str | bytes) for name in names):
        raise InvalidSource(
            f"{where}: `classes` is {str(names)[:80]}, not a list of texts: store one name for each class"
        )
    try:
        return tuple(name.decode() if isinstance(name, bytes) else name for name in names)
    except UnicodeDecodeError as error:
        raise InvalidSource(f"{where}: a class name is not UTF-8 ({error}): store the names in UTF-8") from error
