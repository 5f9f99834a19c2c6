"""How many images a network works on at once, so that a process stays within a limit of memory.

What memory is taken for, and what is made smaller where it is short:

- The process with its libraries, measured, and `RESERVE` for what they take when they are first used.
- Real images kept as floats, or on a GPU, where that takes at most `REAL_SHARE` of what is left over.
- Images on their way through augmentation and a network: what backward needs of one is measured (`bytes_an_image`). As
  many go together as `NETWORK_SHARE` of the rest holds; by chunks results are the same but for rounding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nsdcodec.errors import OverMemory
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning import networks
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.training import TESTED
from nsdcodec.system.free_memory import free_memory, resident_bytes

# Where no limit is given, of what is free.
FREE_SHARE = 0.8
RESERVE = 200 << 20
AUGMENTED = 4
REAL_SHARE, NETWORK_SHARE = 0.25, 0.5


@dataclass(frozen=True)
class MemoryPlan:
    """`real_bytes` is what real images may take on the device. The rest is how many images go together, None being all
    (under a limit a number all the same, which may be more than there are): through the network of the objective,
    through that of validation or evaluation, and in decoding with a graph."""

    real_bytes: int
    images_at_once: int | None = None
    validated_at_once: int | None = None
    decoded_at_once: int | None = None

    @classmethod
    def of_evaluation(
        cls, compute: Compute, spec: NetworkSpec, geometry: Geometry, images: int, batch: int
    ) -> MemoryPlan:
        """For the training of a network on so many decoded images. Raises OverMemory."""
        limit = compute.memory
        there = available(compute)
        fixed = {"the decoded images": images * image_bytes(geometry) * 2, "a batch": batch_bytes(geometry, batch)}
        one = bytes_an_image(networks.build(spec, geometry, 0), geometry)
        rest = there - sum(fixed.values())
        if limit is not None and rest < one / NETWORK_SHARE:
            raise too_little(limit, there, fixed | {"an image in the network": math.ceil(one / NETWORK_SHARE)})
        return cls(max(0, int(REAL_SHARE * rest)), None, at_once(limit, rest, one, max(TESTED, batch)))

    def document(self) -> dict[str, Any]:
        return asdict(self)


def available(compute: Compute) -> int:
    """Bytes that may be taken beside what is taken now."""
    limit, device = compute.memory, compute.device
    if limit is None:
        return int(FREE_SHARE * free_memory(device)) - (RESERVE if device.type == "cpu" else 0)
    if device.type == "cuda":
        return min(limit - torch.cuda.memory_reserved(device), free_memory(device))
    return limit - resident_bytes() - RESERVE


def bytes_an_image(network: nn.Module, geometry: Geometry) -> int:
    """What one image on its way through augmentation and a network takes in float32: all that backward needs, and three
    of the largest for what is made and dropped on the way."""
    weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    saved: dict[int, int] = {}

    def keep(values: Tensor) -> Tensor:
        storage = values.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return values

    image = torch.zeros(1, geometry.channels, geometry.height, geometry.width)
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda values: values):
        logits = network(image)  # alive until here, so that no storage stands for two
    del logits
    return sum(saved.values()) + 3 * max(saved.values()) + AUGMENTED * image_bytes(geometry)


def at_once(limit: int | None, rest: int, one: int, most: int, order: int = 1) -> int | None:
    """A power of two, so that small changes of what is free do not change results. Where all fit that one or `most`,
    the larger, which cuts nothing but the number of networks at once; or None where nothing limits that either."""
    fits = int(max(0, rest) * NETWORK_SHARE / one)
    power = 1 << max(0, fits.bit_length() - 1)
    if fits < most * order:
        return power
    return None if limit is None else max(power, most * order)


def image_bytes(geometry: Geometry) -> int:
    return 4 * geometry.image_elements


def batch_bytes(geometry: Geometry, batch: int) -> int:
    return AUGMENTED * batch * image_bytes(geometry)


REMEDIES = {
    "weights": "lower network.width",
    "an image in the network": "lower network.width and validation.width",
    "a batch": "lower training.batch_size",
    "the decoded images": "evaluate a set of fewer images",
}


def too_little(limit: int, there: int, parts: Mapping[str, int], remedies: Mapping[str, str] = REMEDIES) -> OverMemory:
    """`remedies` say of each part what to lower."""
    taken = limit - there
    needed = taken + sum(parts.values())
    largest = max(parts, key=lambda name: parts[name])
    each = ", ".join(f"{name} {_size(nbytes)}" for name, nbytes in sorted(parts.items(), key=lambda one: -one[1]))
    return OverMemory(
        f"--memory {_size(limit)} is not enough: the process itself takes {_size(taken)}, {each}; raise --memory to "
        f"{_size(math.ceil(1.02 * needed))}, or {remedies[largest]}"
    )


def _size(nbytes: int) -> str:
    return f"{nbytes / 1e9:.2f}GB" if nbytes >= 1e9 else f"{math.ceil(nbytes / 1e6)}MB"
