"""Sources in safetensors: train_images, train_labels, or images and labels; class names as JSON in the metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from nsdcodec.errors import InvalidSource
from nsdcodec.sources.arrays import array_names, class_names, split_of_arrays
from nsdcodec.sources.base import Source, augmentation


def load(path: Path) -> Source:
    """The source is named after the file. Images are uint8 [N, C, H, W] or [N, H, W, C], in train_images, in pixels
    (which `nsdc export` writes) or in images; test_images or val_images and so on are optional. Without `classes` in
    the metadata, the names of the classes are their numbers. Raises InvalidSource."""
    try:
        with safe_open(path, framework="numpy") as file:
            train, test, left_out = array_names(path, list(file.keys()))
            arrays: dict[str, NDArray[Any]] = {name: file.get_tensor(name) for name in (*train, *(test or ()))}
            metadata = file.metadata() or {}
    # What safetensors raises for a file, or for a type, that it cannot read.
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise InvalidSource(f"{path}: not a readable safetensors file ({error}); make or fetch it again") from error
    splits = [
        split_of_arrays(f"{path}, {names[0]}", arrays[names[0]], arrays[names[1]]) if names else None
        for names in (train, test)
    ]
    assert splits[0] is not None
    names = _list(path, metadata["classes"]) if "classes" in metadata else None
    classes = class_names(str(path), names, splits[0].labels.numpy())
    return Source(path.stem, classes, splits[0], splits[1], augmentation(path.stem), left_out)


def _list(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSource(f"{path}: the metadata's `classes` is not JSON ({error}); store a list of texts") from error
