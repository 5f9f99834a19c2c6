"""A student: weights trained by a few SGD steps, differentiable in what it learned from (`unroll`) or not (`learn`)."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.objectives.base import Context, MemoryNeed
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks, passes
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import KnownGradient, in_chunks
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives import tangents
from nsdcodec.learning.derivatives.sweep import Derivatives, Sweep, Trained
from nsdcodec.learning.derivatives.tangents import Tangent
from nsdcodec.learning.memory_plan import bytes_an_image
from nsdcodec.system.devices import on_device

# By how much more memory an image takes with the derivative along a direction than with the value alone. Peaks measured
# on a CPU, of ConvNets of 32 to 128 channels at 32 to 128 pixels, as multiples of `memory_plan.bytes_an_image`: 1.55 to
# 1.7 in float32 and 1.45 in bfloat16 where freed memory goes back at once, 2.2 where the heap keeps it.
WITH_TANGENT = 3
# And with the graph of a gradient, which is differentiated again.
SECOND_ORDER = 4
GRAPH = "the graph of the student's steps"


@dataclass(frozen=True)
class StudentBatch:
    """What one step learns from: images and labels at `index` int64 [n], augmented by `chosen`."""

    index: Tensor
    chosen: Draw | None

    def of(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return augmentation.apply(images[self.index], self.chosen), labels[self.index]


@dataclass(frozen=True)
class Student:
    """A network that learns from synthetic images for `steps` of plain SGD. Batches of `batch_size` go through the
    images in shuffled rounds; None is all images in every step. DSA with parameters for each image."""

    network: nn.Module
    steps: int
    batch_size: int | None
    augmentation: str
    compute: Compute


def unroll(
    student: Student, start: Tensor, images: Tensor, labels: Tensor, rate: Tensor, generator: torch.Generator
) -> Tensor:
    """The flat weights [P] of the student after its steps from `start` [P] at `rate`, differentiable once in images
    [n, C, H, W], soft labels [n, classes] (or hard ones [n]) and rate: NSD Algorithm 1, lines 8 to 13.

    The gradient is that of the whole loop, by a sweep back over the steps (`sweep`); by the graph of all steps where
    the network has no tangent (`keeps_graph`).
    """
    batches = draw_batches(student, labels, generator)
    if keeps_graph(student.network):
        return unroll_with_graph(student, start, images, labels, rate, batches)
    compute = student.compute
    dtype = torch.bfloat16 if compute.precision == "bfloat16" else images.dtype
    most = None if compute.images_at_once is None else max(1, compute.images_at_once // WITH_TANGENT)
    trained = Trained(_derivatives(student.network, images, dtype, most), start, batches)
    last: Tensor = Sweep.apply(images, labels, rate, trained)
    return last


# For as long as the network is there: recordings are made once.
_known: WeakKeyDictionary[nn.Module, dict[object, Derivatives]] = WeakKeyDictionary()


def _derivatives(network: nn.Module, images: Tensor, dtype: torch.dtype, most: int | None) -> Derivatives:
    own = _known.setdefault(network, {})
    place = images.shape[1:], images.device, dtype
    if (place, most) not in own:
        own[place, most] = Derivatives(Tangent(network, *place), most)
    return own[place, most]


def keeps_graph(network: nn.Module) -> bool:
    """Whether memory grows with the steps of a student, since nobody has written the network's tangent."""
    return not tangents.has_tangent(network)


def memory(network: Network, geometry: Geometry, steps: int, batch_size: int) -> MemoryNeed:
    """Of a student's steps, on batches of this size."""
    if not keeps_graph(network):
        return MemoryNeed(steps=steps, an_image=WITH_TANGENT)
    graph = steps * batch_size * SECOND_ORDER * bytes_an_image(network, geometry)
    return MemoryNeed(
        steps=steps,
        an_image=WITH_TANGENT,
        bytes={GRAPH: graph},
        remedies={GRAPH: "lower objective.student_batch or objective.student_steps, or take convnet"},
    )


def draw_batches(student: Student, labels: Tensor, generator: torch.Generator) -> list[StudentBatch]:
    """All the chance that there is in a student."""
    chosen: list[tuple[Tensor, Draw | None]] = []
    order = torch.empty(0, dtype=torch.int64)
    size = min(student.batch_size or len(labels), len(labels))
    for _ in range(student.steps):
        if len(order) < size:
            order = torch.cat([order, torch.randperm(len(labels), generator=generator)])
        index, order = order[:size], order[size:]
        chosen.append((index, augmentation.draw(student.augmentation, size, generator)))
    # All steps in one copy each, which nobody waits for.
    indices = on_device(torch.stack([index for index, _ in chosen]), labels.device)
    numbers = [draw.uniform for _, draw in chosen if draw is not None]
    uniforms = on_device(torch.stack(numbers), labels.device) if numbers else [None] * student.steps
    return [
        StudentBatch(index, None if draw is None else Draw(draw.operation, uniform))
        for (_, draw), index, uniform in zip(chosen, indices, uniforms, strict=True)
    ]


def unroll_with_graph(
    student: Student, start: Tensor, images: Tensor, labels: Tensor, rate: Tensor, batches: list[StudentBatch]
) -> Tensor:
    """The same for any network, by PyTorch's double backward, which keeps the graph of every step."""
    weights = start.clone().requires_grad_()
    for batch in batches:
        loss = cross_entropy(student.compute, student.network, weights, *batch.of(images, labels))
        (gradient,) = torch.autograd.grad(loss, weights, create_graph=True)
        weights = weights - rate * gradient
    return weights


def cross_entropy_in_chunks(
    compute: Compute, network: nn.Module, weights: Tensor, images: Tensor, labels: Tensor
) -> Tensor:
    """`cross_entropy`, differentiable once and in the weights only, in memory that `compute.images_at_once` bounds."""
    if len(images) <= (compute.images_at_once or len(images)):
        return cross_entropy(compute, network, weights, images, labels)
    own = weights.detach().requires_grad_()
    total, gradient = torch.zeros_like(own[0].detach()), torch.zeros_like(own)
    for some, wanted in in_chunks(compute.images_at_once, images, labels):
        part = len(some) / len(images) * cross_entropy(compute, network, own, some, wanted)
        gradient += torch.autograd.grad(part, own)[0]
        total += part.detach()
    found: Tensor = KnownGradient.apply(total, [gradient], weights)
    return found


def cross_entropy(compute: Compute, network: nn.Module, weights: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """Of a network with these flat weights."""
    with compute.autocast():
        logits = functional_call(network, networks.unflatten(network, weights), (images,))
    return F.cross_entropy(logits.to(weights.dtype), labels)


def learn(
    context: Context, network: nn.Module, images: Tensor, labels: Tensor, rate: float, generator: torch.Generator
) -> None:
    """One plain SGD step of the network's own weights, in place, by `gradients`."""
    found = gradients(context, network, images, labels, generator)
    with torch.no_grad():
        for weight, gradient in zip(network.parameters(), found, strict=True):
            weight.sub_(gradient, alpha=rate)


def gradients(
    context: Context, network: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator
) -> list[Tensor]:
    """Of the mean cross-entropy, in each of the network's weights. DSA with parameters for each image."""
    batch = augmentation.apply(images, augmentation.draw(context.augmentation, len(images), generator))
    weights: list[Tensor] = list(network.parameters())
    sums: list[Tensor] = []
    for some, wanted in in_chunks(context.compute.images_at_once, batch, labels):
        with context.compute.autocast():
            logits = passes.logits(network, some)
        loss = F.cross_entropy(logits.to(images.dtype), wanted)
        found = torch.autograd.grad(loss if len(some) == len(batch) else loss * (len(some) / len(batch)), weights)
        sums = [before + new for before, new in zip(sums, found, strict=True)] if sums else list(found)
    return sums
