"""How many images an encode works on at once, so that it stays within a limit of memory.

What memory is taken for, and what is made smaller where it is short:

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

import torch
from torch import Tensor

from nsdcodec.encoding.objectives.distribution import DistributionMatching
from nsdcodec.encoding.objectives.gradient import SECOND_ORDER, GradientMatching
from nsdcodec.encoding.objectives.student import WITH_TANGENT, keeps_graph
from nsdcodec.encoding.objectives.trajectory import TrajectoryMatching
from nsdcodec.encoding.settings import Settings
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.memory_plan import (
    NETWORK_SHARE,
    REAL_SHARE,
    MemoryPlan,
    at_once,
    available,
    batch_bytes,
    bytes_an_image,
    image_bytes,
    too_little,
)
from nsdcodec.learning.training import TESTED
from nsdcodec.sources.base import Source

# Measured on a CPU: a process that compiled the steps of a ConvNet kept 260 MB more than one that did not.
COMPILER = 300 << 20
DECODED, SWEPT, DECODING, ARRAYS, GATHERED = 2, 5, 3, 8, 3
# Of the rest, what decoding may keep.
DECODING_SHARE = 1 / 8


def plan_memory(
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
        raise too_little(limit, there, fixed | {"an image in the network": least})
    decoding, decoded_at_once = _decoding(layout, rest)
    rest -= decoding
    most = _most_together(settings, geometry, layout)
    return MemoryPlan(
        max(0, int(REAL_SHARE * rest)),
        at_once(limit, rest, one, most, order),
        at_once(limit, rest, one_validated, max(TESTED, settings.training.batch_size)),
        decoded_at_once,
    )


def _fixed(settings: Settings, geometry: Geometry, layout: Layout | None, network: Network) -> dict[str, int]:
    objective, weights = settings.objective, 4 * sum(weight.numel() for weight in network.parameters())
    parts = {"a batch": batch_bytes(geometry, max(settings.training.batch_size, 256)), "weights": 12 * weights}
    if layout is None:
        return parts
    whole = layout.images * image_bytes(geometry)
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


def _decoding(layout: Layout | None, rest: int) -> tuple[int, int | None]:
    """The bytes that decoding keeps for backward, and how many images it makes at once."""
    if layout is None:
        return 0, None
    one, share = DECODING * image_bytes(layout.geometry), int(DECODING_SHARE * max(0, rest))
    if layout.images * one <= share:
        return layout.images * one, None
    # Half of them: what is made and dropped on the way.
    return share, 1 << max(0, (share // (2 * one)).bit_length() - 1)
