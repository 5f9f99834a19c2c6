"""How much goes together, so that an encode stays within a limit of memory. Between the settings and the encoder.

What is taken, and what gives way:

- The process with its libraries, measured, and `RESERVE` for what they take when they are first used.
- Real images: a source that is large for the limit is streamed (`sources.hdf5`); on a GPU, and as floats where
  networks are tested on them, they are kept where that takes at most `REAL_SHARE` of what is left over below.
- All synthetic images as float32: values and gradients, `DECODED` times over; `SWEPT` times for a student's sweep. That
  is the floor. Decoding keeps `DECODING` times as much for backward, or makes it again part by part where that is much.
- The stored arrays, `ARRAYS` times: gradients, moments, the best so far, a checkpoint being written; and
  `GATHERED` times for each draw of an iteration, whose gradients meet before they are summed (`draws`).
- Weights of the student's steps (4 bytes a weight and step) and of a pool; embeddings; a batch as it is augmented.
- Images on their way through augmentation and a network: what backward needs of one is measured (`bytes_an_image`). As
  many go together as `NETWORK_SHARE` of the rest holds; by chunks results are the same but for rounding. Several
  networks are trained at once only where the images of all are no more.
- The compiler, where a student's steps are compiled: its libraries stay in the process.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nsdcodec.container.header import NetworkSpec
from nsdcodec.errors import OverMemory
from nsdcodec.free_memory import free_memory, resident_bytes
from nsdcodec.geometry import Geometry
from nsdcodec.layout import Layout
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.training import TESTED
from nsdcodec.objectives.distribution import DistributionMatching
from nsdcodec.objectives.gradient import SECOND_ORDER, GradientMatching
from nsdcodec.objectives.student import WITH_TANGENT, keeps_graph
from nsdcodec.objectives.trajectory import TrajectoryMatching
from nsdcodec.settings import Settings
from nsdcodec.sources.base import Source

# Where no limit is given, of what is free.
FREE_SHARE = 0.8
RESERVE = 200 << 20
# Measured on a CPU: a process that compiled the steps of a ConvNet kept 260 MB more than one that did not.
COMPILER = 300 << 20
DECODED, SWEPT, DECODING, ARRAYS, GATHERED, AUGMENTED = 2, 5, 3, 8, 3, 4
REAL_SHARE, NETWORK_SHARE = 0.25, 0.5
# Of the rest, what decoding may keep.
DECODING_SHARE = 1 / 8


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
    def of(
        cls,
        limit: int | None,
        settings: Settings,
        source: Source,
        layout: Layout | None,
        device: torch.device,
        compiled: bool = False,
    ) -> MemoryPlan:
        """For an encode to this layout, or only for experts where it is None, before images are held out. `limit` in
        bytes is that of the process on a CPU, of the device otherwise; None is a share of what is free, and then
        nothing is refused. `compiled` is whether the steps of students are.

        Raises OverMemory where not even one image at a time would fit, naming what takes most.
        """
        there, geometry = available(limit, device), source.geometry
        network = networks.build(settings.network, geometry, 0)
        fixed = _fixed(settings, geometry, layout, network)
        if compiled and device.type == "cpu":
            fixed["the compiler"] = COMPILER
        if isinstance(source.train.images, Tensor) and device.type == "cpu":
            fixed["the real images without those held out"] = source.train.images.nbytes
        rest = there - sum(fixed.values())
        one = bytes_an_image(network, geometry)
        validation = networks.widened(settings.network, settings.validation.width)
        one_validated = bytes_an_image(networks.build(validation, geometry, 0), geometry)
        order = SECOND_ORDER if isinstance(settings.objective, GradientMatching) else 1
        if layout is not None and _has_student(settings):
            order = max(order, WITH_TANGENT)
        least = math.ceil(max(one * order, one_validated) / NETWORK_SHARE / (1 - DECODING_SHARE))
        if limit is not None and rest < least:
            raise _too_little(limit, there, fixed | {"an image in the network": least})
        decoding, decoded_at_once = _decoding(layout, rest)
        rest -= decoding
        most = _most_together(settings, geometry, layout)
        return cls(
            max(0, int(REAL_SHARE * rest)),
            _at_once(limit, rest, one, most, order),
            _at_once(limit, rest, one_validated, max(TESTED, settings.training.batch_size)),
            decoded_at_once,
        )

    @classmethod
    def of_evaluation(
        cls, limit: int | None, spec: NetworkSpec, geometry: Geometry, images: int, batch: int, device: torch.device
    ) -> MemoryPlan:
        """For the training of a network on so many decoded images. Raises OverMemory."""
        there = available(limit, device)
        fixed = {"the decoded images": images * _image_bytes(geometry) * 2, "a batch": _batch_bytes(geometry, batch)}
        one = bytes_an_image(networks.build(spec, geometry, 0), geometry)
        rest = there - sum(fixed.values())
        if limit is not None and rest < one / NETWORK_SHARE:
            raise _too_little(limit, there, fixed | {"an image in the network": math.ceil(one / NETWORK_SHARE)})
        return cls(max(0, int(REAL_SHARE * rest)), None, _at_once(limit, rest, one, max(TESTED, batch)))

    def document(self) -> dict[str, Any]:
        return asdict(self)


def available(limit: int | None, device: torch.device) -> int:
    """Bytes that may be taken beside what is taken now."""
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
    return sum(saved.values()) + 3 * max(saved.values()) + AUGMENTED * _image_bytes(geometry)


def _fixed(settings: Settings, geometry: Geometry, layout: Layout | None, network: Network) -> dict[str, int]:
    objective, weights = settings.objective, 4 * sum(weight.numel() for weight in network.parameters())
    parts = {"a batch": _batch_bytes(geometry, max(settings.training.batch_size, 256)), "weights": 12 * weights}
    if layout is None:
        return parts
    whole = layout.images * _image_bytes(geometry)
    copies, draws = SWEPT if _has_student(settings) else DECODED, settings.optimizer.draws
    parts["the synthetic images"] = copies * whole
    parts["the stored arrays"] = (ARRAYS + GATHERED * draws) * 4 * layout.elements
    steps = settings.guidance.steps if settings.guided else 0
    if isinstance(objective, TrajectoryMatching):
        steps = objective.student_steps
        if keeps_graph(network):
            batch = min(objective.student_batch or layout.images, layout.images)
            parts["the graph of the student's steps"] = steps * batch * SECOND_ORDER * bytes_an_image(network, geometry)
    parts["weights"] += steps * weights
    if isinstance(objective, DistributionMatching):
        parts["weights"] += draws * objective.pool * weights
        embedded = layout.images + geometry.classes * objective.real_per_class
        parts["embeddings"] = 2 * 4 * embedded * network.classifier.in_features
    return parts


def _most_together(settings: Settings, geometry: Geometry, layout: Layout | None) -> int:
    """The most images that an iteration would put through the network at once."""
    objective = settings.objective
    counts = [TESTED, settings.training.batch_size, settings.guidance.real_batch, layout.images if layout else 0]
    if isinstance(objective, DistributionMatching):
        counts += [geometry.classes * objective.real_per_class, objective.pool_batch]
    return max(counts)


def _has_student(settings: Settings) -> bool:
    return settings.guided or isinstance(settings.objective, TrajectoryMatching)


def _at_once(limit: int | None, rest: int, one: int, most: int, order: int = 1) -> int | None:
    """A power of two, so that small changes of what is free do not change results. Where all fit that one or `most`,
    the larger, which cuts nothing but the number of networks at once; or None where nothing limits that either."""
    fits = int(max(0, rest) * NETWORK_SHARE / one)
    power = 1 << max(0, fits.bit_length() - 1)
    if fits < most * order:
        return power
    return None if limit is None else max(power, most * order)


def _decoding(layout: Layout | None, rest: int) -> tuple[int, int | None]:
    """The bytes that decoding keeps for backward, and how many images it makes at once."""
    if layout is None:
        return 0, None
    one, share = DECODING * _image_bytes(layout.geometry), int(DECODING_SHARE * max(0, rest))
    if layout.images * one <= share:
        return layout.images * one, None
    # Half of them: what is made and dropped on the way.
    return share, 1 << max(0, (share // (2 * one)).bit_length() - 1)


def _image_bytes(geometry: Geometry) -> int:
    return 4 * geometry.image_elements


def _batch_bytes(geometry: Geometry, batch: int) -> int:
    return AUGMENTED * batch * _image_bytes(geometry)


REMEDIES = {
    "the synthetic images": "lower --ipc, or give the form fewer images (images_per_class)",
    "the stored arrays": "lower --ipc or optimizer.draws",
    "the compiler": "give --no-compile",
    "the graph of the student's steps": "lower objective.student_batch or objective.student_steps, or take convnet",
    "weights": "lower objective.student_steps or network.width",
    "embeddings": "lower objective.real_per_class or network.width",
    "an image in the network": "lower network.width and validation.width",
    "a batch": "lower training.batch_size",
    "the real images without those held out": "bring the source to HDF5, which can be read in parts",
}


def _too_little(limit: int, there: int, parts: Mapping[str, int]) -> OverMemory:
    taken = limit - there
    needed = taken + sum(parts.values())
    largest = max(parts, key=lambda name: parts[name])
    each = ", ".join(f"{name} {_size(nbytes)}" for name, nbytes in sorted(parts.items(), key=lambda one: -one[1]))
    return OverMemory(
        f"--memory {_size(limit)} is not enough: the process itself takes {_size(taken)}, {each}; raise --memory to "
        f"{_size(math.ceil(1.02 * needed))}, or {REMEDIES[largest]}"
    )


def _size(nbytes: int) -> str:
    return f"{nbytes / 1e9:.2f}GB" if nbytes >= 1e9 else f"{math.ceil(nbytes / 1e6)}MB"
