"""The coverage-guided fuzzer of the reader: any bytes give a file or an NsdError, within bounded memory and time.

Run by `campaign.py`, with the arguments of libFuzzer. An accepted file must also be one to safetensors, come back
from `pack` as it was, and decode. Anything else that is raised, MemoryError too, is a crash.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path
from random import Random

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["nsdcodec"]):
    import numpy as np
    import safetensors
    import torch
    from mutations import MOST_BYTES, mutate

    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.errors import MalformedFile, NsdError, TooLarge
    from nsdcodec.format import synthesis
    from nsdcodec.format.container.file import NSDFile, pack, read
    from nsdcodec.format.container.header import MAX_DECODED_BYTES

# What decoding a file at every limit may take: the frame's content and the values, and one array more on the way.
ALLOWANCE = 3 * MAX_DECODED_BYTES + (64 << 20)
SMALL_BYTES = 1 << 14
SMALL_VALUES = 1 << 20


def read_any(data: bytes) -> None:
    try:
        file = read(data)
    except TooLarge:  # nothing is, within the limits
        raise
    except NsdError:
        return
    safetensors.deserialize(data)
    if file.header.layout.nbytes <= SMALL_BYTES:
        _check_round_trip(file)
    if _values(file) <= SMALL_VALUES:
        _check_decoding(data, file)


def _check_round_trip(file: NSDFile) -> None:
    again = read(pack(file.header, file.as_stored))
    assert again.header.layout == file.header.layout
    for role, values in file.arrays.items():
        np.testing.assert_array_equal(again.arrays[role], values, strict=True)


def _check_decoding(data: bytes, file: NSDFile) -> None:
    layout = file.header.layout
    dataset = NSDDataset(data)
    images, labels = dataset.batch([0, -1])
    geometry = layout.geometry
    assert images.shape == (2, geometry.channels, geometry.height, geometry.width)
    assert images.dtype == torch.float32
    classes = labels.argmax(dim=1) if layout.labels == "soft" else labels
    assert 0 <= int(classes.min()) <= int(classes.max()) < geometry.classes
    if layout.images * layout.image_values <= SMALL_VALUES:
        with contextlib.suppress(MalformedFile):  # images may overflow
            synthesis.check_finite(file)


def _values(file: NSDFile) -> int:
    """About how many values a batch of two images takes, and the labels of all."""
    layout = file.header.layout
    slices = layout.coefficient_shape[0]
    return 2 * layout.image_values * slices + slices * layout.images_per_block + layout.images * layout.geometry.classes


def mutator(data: bytes, most: int, seed: int) -> bytes:
    return mutate(data, Random(seed), lambda plain, limit: bytes(atheris.Mutate(plain, max(limit, 1))))[:most]


def _limit_memory() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ALLOWANCE, resource.RLIM_INFINITY))


if __name__ == "__main__":
    torch.set_num_threads(1)
    atheris.Setup([*sys.argv, f"-max_len={2 * MOST_BYTES}"], read_any, custom_mutator=mutator)
    _limit_memory()
    atheris.Fuzz()
