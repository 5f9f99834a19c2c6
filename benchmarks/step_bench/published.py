"""Trajectory matching as it is published: the reference that ours is timed beside. After `work`.

Written from NSD's Algorithm 1 (without its line 15): all images decoded once (FreD's inverse transform of the masked
frequencies), N steps of plain SGD with create_graph, one backward through them all. What a research script would run:
PyTorch's own layers, flat weights put in by functional_call, float32 or autocast, memory as the C library handles it.
The augmentation and the decoding are ours, which are no slower.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from nsdcodec.data import augmentation
from nsdcodec.format import synthesis
from nsdcodec.learning import networks
from step_bench.work import Problem, Work


def network(work: Work) -> nn.Module:
    """The ConvNet of DC, MTT and FreD; its parameters in the order of ours."""
    layers: list[nn.Module] = []
    channels = work.geometry.channels
    for _ in range(work.depth):
        layers += [
            nn.Conv2d(channels, work.width, 3, padding=1),
            nn.GroupNorm(work.width, work.width),
            nn.ReLU(),
            nn.AvgPool2d(2),
        ]
        channels = work.width
    side = work.geometry.height >> work.depth
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side * side, work.classes))


def published(problem: Problem) -> Callable[[int], None]:
    student = network(problem.work).to(problem.start)
    context, steps = problem.context, problem.work.steps

    def iterate(iteration: int) -> None:
        generator = problem.draws(iteration)
        images = synthesis.images(problem.layout, problem.arrays)
        weights = [problem.start.clone().requires_grad_()]
        for _ in range(steps):
            index = torch.randperm(len(images), generator=generator).to(images.device)
            chosen = augmentation.draw(context.augmentation, len(images), generator)
            batch = augmentation.apply(images[index], chosen)
            with context.compute.autocast():
                logits = functional_call(student, networks.unflatten(student, weights[-1]), (batch,))
            loss = F.cross_entropy(logits.to(images.dtype), problem.labels[index])
            (gradient,) = torch.autograd.grad(loss, weights[-1], create_graph=True)
            weights.append(weights[-1] - problem.rate * gradient)
        _distance(problem, weights[-1]).backward()

    return iterate


def _distance(problem: Problem, student: Tensor) -> Tensor:
    distance = F.mse_loss(student, problem.end, reduction="sum")
    return distance / F.mse_loss(problem.start, problem.end, reduction="sum")
