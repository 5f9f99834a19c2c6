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
- The compiler, where what networks do is compiled: its libraries stay in the process.
"""

from __future__ import annotations

import math

from torch import Tensor

from nsdcodec.encoding.objectives.base import MemoryNeed
from nsdcodec.encoding.settings import Settings
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.compute import Compute
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
from nsdcodec.learning.memory_plan import REMEDIES as LEARNING
from nsdcodec.learning.training import TESTED
from nsdcodec.sources.base import Source

# Measured on a CPU: a process that compiled the steps of a ConvNet kept 260 MB more than one that did not.
COMPILER = 300 << 20
DECODED, SWEPT, DECODING, ARRAYS, GATHERED = 2, 5, 3, 8, 3
# Of the rest, what decoding may keep.
DECODING_SHARE = 1 / 8


REMEDIES = {
    "the synthetic images": "lower --ipc, or set fewer images (images_per_class)",
    "the stored arrays": "lower --ipc or optimizer.draws",
    "the compiler": "give --no-compile",
    "weights": "lower objective.student_steps or network.width",
    "the real images without those held out": "bring the source to HDF5, which can be read in parts",
}


def plan_memory(compute: Compute, settings: Settings, source: Source, layout: Layout | None) -> MemoryPlan:
    """For an encode to this layout, or only for experts where it is None, before images are held out. The limit is that
    of the process on a CPU, of the device otherwise; without one it is a share of what is free, and then nothing is
    refused.

    Raises OverMemory where not even one image at a time would fit, naming what takes most.
    """
    limit, there, geometry = compute.memory, available(compute), source.geometry
    network = networks.build(settings.network, geometry, 0)
    need = MemoryNeed()
    if layout is not None:
        need = settings.guided_objective.memory(network, geometry, layout.images)
    fixed = _fixed(settings, layout, network, need, geometry)
    if compute.compile and compute.device.type == "cpu":
        fixed["the compiler"] = COMPILER
    if isinstance(source.train.images, Tensor) and compute.device.type == "cpu":
        fixed["the real images without those held out"] = source.train.images.nbytes
    rest = there - sum(fixed.values())
    one = bytes_an_image(network, geometry)
    validation = networks.widened(settings.network, settings.validation.width)
    one_validated = bytes_an_image(networks.build(validation, geometry, 0), geometry)
    least = math.ceil(max(one * need.an_image, one_validated) / NETWORK_SHARE / (1 - DECODING_SHARE))
    if limit is not None and rest < least:
        raise too_little(
            limit, there, fixed | {"an image in the network": least}, {**LEARNING, **REMEDIES, **need.remedies}
        )
    decoding, decoded_at_once = _decoding(layout, rest)
    rest -= decoding
    tested = max(TESTED, settings.training.batch_size)
    most = max(tested, need.real_images, layout.images if layout else 0)
    return MemoryPlan(
        max(0, int(REAL_SHARE * rest)),
        at_once(limit, rest, one, most, need.an_image),
        at_once(limit, rest, one_validated, tested),
        decoded_at_once,
    )


def _fixed(
    settings: Settings, layout: Layout | None, network: Network, need: MemoryNeed, geometry: Geometry
) -> dict[str, int]:
    """What is taken however few images go together, by name."""
    weights = 4 * sum(weight.numel() for weight in network.parameters())
    taken = {"a batch": batch_bytes(geometry, max(settings.training.batch_size, 256)), "weights": 12 * weights}
    if layout is None:
        return taken
    draws, swept = settings.optimizer.draws, settings.guided_objective.student_images(layout.images) > 0
    taken["the synthetic images"] = (SWEPT if swept else DECODED) * layout.images * image_bytes(geometry)
    taken["the stored arrays"] = (ARRAYS + GATHERED * draws) * 4 * layout.elements
    taken["weights"] += (draws * need.networks + need.steps) * weights
    for name, nbytes in need.bytes.items():
        taken[name] = taken.get(name, 0) + nbytes
    return taken


def _decoding(layout: Layout | None, rest: int) -> tuple[int, int | None]:
    """The bytes that decoding keeps for backward, and how many images it makes at once."""
    if layout is None:
        return 0, None
    one, share = DECODING * image_bytes(layout.geometry), int(DECODING_SHARE * max(0, rest))
    if layout.images * one <= share:
        return layout.images * one, None
    # Half of them: what is made and dropped on the way.
    return share, 1 << max(0, (share // (2 * one)).bit_length() - 1)
