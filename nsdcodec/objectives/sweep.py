"""The exact gradient of a student's training, by a sweep back over its steps; under `student`.

Forward, K first-order steps w[k+1] = w[k] - rate g(w[k], x[k]), of which only the weights are kept. Backward, from
v = dL / dw[K] and for k = K-1 to 0, with the derivative a = g(w[k], x[k]) . v of the step's loss along v:

    dL/drate += -a,   dL/dx += -rate da/dx,   v <- v - rate da/dw[k].

So memory does not grow with K but for 4 bytes a weight and step, and every kernel is of first order. What double
backward through all steps gives, not an approximation of it: no dependence is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from nsdcodec.learning import tangents

# Bytes of the first layer's activation that go through the network together. On a CPU a tensor for each thread stays in
# the caches, from one layer's pass to the next; on a GPU it fills the device and still bounds its memory.
AT_ONCE = {"cpu": 1 << 23, "cuda": 1 << 28}


class Batch(Protocol):
    """One step's images and labels out of all; differentiable in them, and the same each time that it is asked."""

    def of(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class Trained:
    """Which steps: from the flat weights `start` [P], one on each batch, with convolutions in `dtype`. The network must
    have a tangent (`tangents.has_tangent`). At most `images_at_once` go through it together, where given."""

    network: nn.Module
    start: Tensor
    batches: Sequence[Batch]
    dtype: torch.dtype
    images_at_once: int | None = None


class Sweep(torch.autograd.Function):
    """Images [n, C, H, W], labels and rate -> the student's last weights [P]; differentiable once."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, labels: Tensor, rate: Tensor, trained: Trained) -> Tensor:
        weights = [trained.start.detach()]
        for batch in trained.batches:
            gradient = _gradient(trained, weights[-1], *batch.of(images, labels))
            weights.append(weights[-1] - rate * gradient)
        ctx.save_for_backward(images, labels, rate)
        ctx.trained, ctx.weights = trained, weights[:-1]
        return weights[-1]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        images, labels, rate = (values.detach() for values in ctx.saved_tensors)
        inputs = [values for values in (images, labels) if values.is_floating_point()]
        for values in inputs:
            values.requires_grad_()
        sums = [torch.zeros_like(values) for values in inputs]
        rate_sum = torch.zeros_like(rate)
        (v,) = grads
        for k, (weights, batch) in reversed(list(enumerate(zip(ctx.weights, ctx.trained.batches, strict=True)))):
            with torch.enable_grad():
                some, wanted = batch.of(images, labels)
            # Nothing before the first step is asked for.
            found = _along(ctx.trained, weights, v, some.detach(), wanted.detach(), k > 0)
            outputs = [values for values in (some, wanted) if values.requires_grad]
            rate_sum -= found.value
            # Back through augmentation and choice to all images; in their own type, as the sums are.
            back = torch.autograd.grad(outputs, inputs, found.inputs)
            torch._foreach_sub_(sums, [rate * values for values in back])
            if found.weights is not None:
                v = v - rate * found.weights
        of_labels = sums[1] if len(sums) > 1 else None
        return sums[0], of_labels, rate_sum, None


@dataclass(frozen=True)
class _Along:
    """A step's derivative along a direction, and the gradients of that: flat weights [P] or None, and those of the
    batch's images and, where they are soft, labels."""

    value: Tensor
    weights: Tensor | None
    inputs: list[Tensor]


def _gradient(trained: Trained, weights: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """Of the mean cross-entropy of a batch, flat [P]."""
    leaves = tangents.leaves(trained.network, weights)
    sums = [torch.zeros_like(leaf) for leaf in leaves]
    for some, wanted in _parts(trained, images, labels):
        with torch.enable_grad():
            loss = tangents.loss(trained.network, _grown(leaves), some, wanted, trained.dtype)
        torch._foreach_add_(sums, torch.autograd.grad(loss, leaves))
    return tangents.flat(sums) / len(labels)


def _along(
    trained: Trained, weights: Tensor, direction: Tensor, images: Tensor, labels: Tensor, of_weights: bool
) -> _Along:
    leaves = tangents.leaves(trained.network, weights)
    if of_weights:
        _grown(leaves)
    directions = tangents.leaves(trained.network, direction)
    sums = [torch.zeros_like(leaf) for leaf in leaves if of_weights]
    value = torch.zeros((), dtype=weights.dtype, device=weights.device)
    inputs: list[list[Tensor]] = []
    for part in _parts(trained, images, labels):
        own = [values.detach().requires_grad_() for values in part if values.is_floating_point()]
        some, wanted = own[0], (own[1] if len(own) > 1 else part[1])
        with torch.enable_grad():
            along = tangents.along(trained.network, leaves, directions, some, wanted, trained.dtype)
        value += along.detach()
        found = torch.autograd.grad(along, [*(leaves if of_weights else ()), *own])
        if of_weights:
            torch._foreach_add_(sums, found[: len(leaves)])
        inputs.append(list(found[-len(own) :]))
    n = len(labels)
    return _Along(
        value / n,
        tangents.flat(sums) / n if of_weights else None,
        [torch.cat(values) / n for values in zip(*inputs, strict=True)],
    )


def _grown(leaves: list[Tensor]) -> list[Tensor]:
    for leaf in leaves:
        leaf.requires_grad_()
    return leaves


def _parts(trained: Trained, images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """A batch in parts that the memory near the processor holds; the same for the same number of threads."""
    most = AT_ONCE["cuda"]
    if images.device.type == "cpu":
        most = AT_ONCE["cpu"] * torch.get_num_threads()
    size = max(1, most // tangents.activation_bytes(trained.network, images))
    size = min(size, trained.images_at_once or size)
    return zip(images.split(size), labels.split(size), strict=True)
