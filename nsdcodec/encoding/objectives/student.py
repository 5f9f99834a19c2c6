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
from nsdcodec.encoding.objectives.base import World
from nsdcodec.learning import networks
from nsdcodec.learning.chunks import Given, parts
from nsdcodec.learning.derivatives import tangents
from nsdcodec.learning.derivatives.sweep import Derivatives, Sweep, Trained
from nsdcodec.learning.derivatives.tangents import Tangent
from nsdcodec.learning.training import autocast
from nsdcodec.system.devices import on_device

# By how much more memory an image takes with the derivative along a direction than with the value alone. Peaks measured
# on a CPU, of ConvNets of 32 to 128 channels at 32 to 128 pixels, as multiples of `memory_plan.bytes_an_image`: 1.55 to
# 1.7 in float32 and 1.45 in bfloat16 where freed memory goes back at once, 2.2 where the heap keeps it.
WITH_TANGENT = 3


@dataclass(frozen=True)
class Batch:
    """What one step learns from: images and labels at `index` int64 [n], augmented by `chosen`."""

    index: Tensor
    chosen: Draw | None

    def of(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return augmentation.apply(images[self.index], self.chosen), labels[self.index]


def unroll(
    world: World,
    network: nn.Module,
    start: Tensor,
    images: Tensor,
    labels: Tensor,
    rate: Tensor,
    steps: int,
    batch_size: int | None,
    generator: torch.Generator,
) -> Tensor:
    """The flat weights [P] after `steps` of plain SGD from `start` at `rate`, differentiable once in images, soft
    labels and rate.

    Batches of `batch_size` go through the images in shuffled rounds; None is all images in every step. DSA with
    parameters for each image. NSD Algorithm 1, lines 8 to 13. The gradient is that of the whole loop, by a sweep back
    over the steps (`sweep`); by the graph of all steps where the network has no tangent (`keeps_graph`).
    """
    batches = draw_batches(world, labels, steps, batch_size, generator)
    if keeps_graph(network):
        return unroll_with_graph(world, network, start, images, labels, rate, batches)
    dtype = torch.bfloat16 if world.precision == "bfloat16" else images.dtype
    most = None if world.images_at_once is None else max(1, world.images_at_once // WITH_TANGENT)
    trained = Trained(_derivatives(network, images, dtype, most), start, batches)
    student: Tensor = Sweep.apply(images, labels, rate, trained)
    return student


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


def draw_batches(
    world: World, labels: Tensor, steps: int, batch_size: int | None, generator: torch.Generator
) -> list[Batch]:
    """All the chance that there is in a student."""
    chosen: list[tuple[Tensor, Draw | None]] = []
    order = torch.empty(0, dtype=torch.int64)
    size = min(batch_size or len(labels), len(labels))
    for _ in range(steps):
        if len(order) < size:
            order = torch.cat([order, torch.randperm(len(labels), generator=generator)])
        index, order = order[:size], order[size:]
        chosen.append((index, augmentation.draw(world.augmentation, size, generator)))
    # All steps in one copy each, which nobody waits for.
    indices = on_device(torch.stack([index for index, _ in chosen]), labels.device)
    numbers = [draw.uniform for _, draw in chosen if draw is not None]
    uniforms = on_device(torch.stack(numbers), labels.device) if numbers else [None] * steps
    return [
        Batch(index, None if draw is None else Draw(draw.operation, uniform))
        for (_, draw), index, uniform in zip(chosen, indices, uniforms, strict=True)
    ]


def unroll_with_graph(
    world: World,
    network: nn.Module,
    start: Tensor,
    images: Tensor,
    labels: Tensor,
    rate: Tensor,
    batches: list[Batch],
) -> Tensor:
    """The same for any network, by PyTorch's double backward, which keeps the graph of every step."""
    weights = start.clone().requires_grad_()
    for batch in batches:
        loss = cross_entropy(world, network, weights, *batch.of(images, labels))
        (gradient,) = torch.autograd.grad(loss, weights, create_graph=True)
        weights = weights - rate * gradient
    return weights


def cross_entropy_in_parts(world: World, network: nn.Module, weights: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """`cross_entropy`, differentiable once and in the weights only, in memory that `world.images_at_once` bounds."""
    if len(images) <= (world.images_at_once or len(images)):
        return cross_entropy(world, network, weights, images, labels)
    own = weights.detach().requires_grad_()
    total, gradient = torch.zeros_like(own[0].detach()), torch.zeros_like(own)
    for some, wanted in parts(world.images_at_once, images, labels):
        part = len(some) / len(images) * cross_entropy(world, network, own, some, wanted)
        gradient += torch.autograd.grad(part, own)[0]
        total += part.detach()
    found: Tensor = Given.apply(total, [gradient], weights)
    return found


def cross_entropy(world: World, network: nn.Module, weights: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """Of a network with these flat weights."""
    with autocast(world.device, world.precision):
        logits = functional_call(network, networks.unflatten(network, weights), (images,))
    return F.cross_entropy(logits.to(weights.dtype), labels)


def learn(
    world: World, network: nn.Module, images: Tensor, labels: Tensor, rate: float, generator: torch.Generator
) -> None:
    """One plain SGD step of the network's own weights, in place. DSA with parameters for each image."""
    batch = augmentation.apply(images, augmentation.draw(world.augmentation, len(images), generator))
    weights: list[Tensor] = list(network.parameters())
    gradients: list[Tensor] = []
    for some, wanted in parts(world.images_at_once, batch, labels):
        with autocast(world.device, world.precision):
            logits = network(some)
        loss = F.cross_entropy(logits.to(images.dtype), wanted)
        found = torch.autograd.grad(loss if len(some) == len(batch) else loss * (len(some) / len(batch)), weights)
        gradients = [before + new for before, new in zip(gradients, found, strict=True)] if gradients else list(found)
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.sub_(gradient, alpha=rate)
