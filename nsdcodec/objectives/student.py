"""A student: weights trained by a few SGD steps, with the graph of every step kept (`unroll`) or without (`learn`)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from nsdcodec import augmentation
from nsdcodec.learning import networks
from nsdcodec.learning.training import autocast
from nsdcodec.objectives.base import World


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
    """The flat weights [P] after `steps` of plain SGD from `start` at `rate`, differentiable in images and rate.

    Batches of `batch_size` go through the images in shuffled rounds; None is all images in every step. DSA with
    parameters for each image. NSD Algorithm 1, lines 8 to 13.
    """
    weights = start.clone().requires_grad_()
    order = torch.empty(0, dtype=torch.int64)
    size = min(batch_size or len(labels), len(labels))
    for _ in range(steps):
        if len(order) < size:
            order = torch.cat([order, torch.randperm(len(labels), generator=generator)])
        index, order = order[:size].to(images.device), order[size:]
        batch = augmentation.apply(images[index], augmentation.draw(world.augmentation, size, generator))
        loss = cross_entropy(world, network, weights, batch, labels[index])
        (gradient,) = torch.autograd.grad(loss, weights, create_graph=True)
        weights = weights - rate * gradient
    return weights


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
    with autocast(world.device, world.precision):
        logits = network(batch)
    weights: list[Tensor] = list(network.parameters())
    gradients = torch.autograd.grad(F.cross_entropy(logits.to(images.dtype), labels), weights)
    with torch.no_grad():
        torch._foreach_sub_(weights, gradients, alpha=rate)
