"""The exact gradient of a student's training, by a sweep backward over its steps.

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
from torch import Tensor

from nsdcodec.learning.derivatives.captured import Captured
from nsdcodec.learning.derivatives.tangents import Tangent

# Bytes of the widest activation that go through the network together. On a CPU a tensor for each thread stays in
# the caches, from one layer's pass to the next; on a GPU it fills the device and still bounds its memory.
AT_ONCE = {"cpu": 1 << 22, "cuda": 1 << 28}


class Batch(Protocol):
    """One step's images and labels out of all; differentiable in them, and the same each time that it is asked."""

    def of(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]: ...


class Derivatives:
    """What a sweep asks of a network, batch by batch: each in parts that go through together, at most `images_at_once`
    where given, and on CUDA recorded."""

    def __init__(self, tangent: Tangent, images_at_once: int | None = None) -> None:
        self.tangent = tangent
        self.images_at_once = images_at_once
        self.gradient = Captured(self._gradient)
        self.jvp = Captured(self._jvp)
        self.jvp_inputs = Captured(self._jvp_inputs)

    def _gradient(self, weights: Tensor, images: Tensor, labels: Tensor) -> list[Tensor]:
        """[of the weights, flat [P]], of the mean cross-entropy of a batch."""
        leaves = _grown(self.tangent.leaves(weights))
        sums = [torch.zeros_like(leaf) for leaf in leaves]
        for some, wanted in self._parts(images, labels):
            with torch.enable_grad():
                loss = self.tangent.loss(leaves, some, wanted)
            _add(sums, torch.autograd.grad(loss, leaves, materialize_grads=True))
        return [self.tangent.flat(sums) / len(labels)]

    def _jvp(self, weights: Tensor, direction: Tensor, images: Tensor, labels: Tensor) -> list[Tensor]:
        """[the derivative of that along a direction [P], and its gradients: of the batch's images, of its labels where
        they are soft, of the weights, flat [P]]."""
        return self._jvp_of(weights, direction, images, labels, of_weights=True)

    def _jvp_inputs(self, weights: Tensor, direction: Tensor, images: Tensor, labels: Tensor) -> list[Tensor]:
        """The same without the last."""
        return self._jvp_of(weights, direction, images, labels, of_weights=False)

    def _jvp_of(
        self, weights: Tensor, direction: Tensor, images: Tensor, labels: Tensor, of_weights: bool
    ) -> list[Tensor]:
        leaves, directions = self.tangent.leaves(weights), self.tangent.leaves(direction)
        wanted_leaves = _grown(leaves) if of_weights else []
        sums = [torch.zeros_like(leaf) for leaf in wanted_leaves]
        value = torch.zeros((), dtype=weights.dtype, device=weights.device)
        inputs: list[Sequence[Tensor]] = []
        for part in self._parts(images, labels):
            own = [values.detach().requires_grad_() for values in part if values.is_floating_point()]
            some, wanted = own[0], (own[1] if len(own) > 1 else part[1])
            with torch.enable_grad():
                jvp = self.tangent.jvp(leaves, directions, some, wanted)
            value += jvp.detach()
            found = torch.autograd.grad(jvp, [*own, *wanted_leaves], materialize_grads=True)
            inputs.append(found[: len(own)])
            if of_weights:
                _add(sums, found[len(own) :])
        n = len(labels)
        flat = [self.tangent.flat(sums) / n] if of_weights else []
        return [value / n, *(torch.cat(values) / n for values in zip(*inputs, strict=True)), *flat]

    def _parts(self, images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """A batch in parts that the memory near the processor holds; the same for the same number of threads."""
        most = AT_ONCE["cuda"]
        if images.device.type == "cpu":
            most = AT_ONCE["cpu"] * torch.get_num_threads()
        size = max(1, most // self.tangent.activation_bytes(images))
        size = min(size, self.images_at_once or size)
        return zip(images.split(size), labels.split(size), strict=True)


@dataclass(frozen=True)
class Trained:
    """Which steps: from the flat weights `start` [P], one on each batch."""

    derivatives: Derivatives
    start: Tensor
    batches: Sequence[Batch]


class Sweep(torch.autograd.Function):
    """Images [n, C, H, W], labels and rate -> the student's last weights [P]; differentiable once."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, labels: Tensor, rate: Tensor, trained: Trained) -> Tensor:
        # In one block: what stays must not lie between what comes and goes, or no freed memory is ever whole.
        weights = trained.start.new_empty(len(trained.batches) + 1, len(trained.start))
        weights[0] = trained.start
        for here, after, batch in zip(weights[:-1], weights[1:], trained.batches, strict=True):
            (gradient,) = trained.derivatives.gradient(here, *batch.of(images, labels))
            torch.sub(here, rate * gradient, out=after)
        ctx.save_for_backward(images, labels, rate)
        ctx.trained, ctx.weights = trained, weights[:-1]
        return weights[-1].clone()

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
        derivatives = ctx.trained.derivatives
        for k, (weights, batch) in reversed(list(enumerate(zip(ctx.weights, ctx.trained.batches, strict=True)))):
            with torch.enable_grad():
                some, wanted = batch.of(images, labels)
            # Nothing before the first step is asked for.
            jvp = derivatives.jvp if k > 0 else derivatives.jvp_inputs
            value, *found = jvp(weights, v, some.detach(), wanted.detach())
            outputs = [values for values in (some, wanted) if values.requires_grad]
            rate_sum -= value
            # Back through augmentation and choice to all images; in their own type, as the sums are.
            back = torch.autograd.grad(outputs, inputs, found[: len(outputs)])
            _add(sums, [-rate * values for values in back])
            if k > 0:
                v = v - rate * found[-1]
        of_labels = sums[1] if len(sums) > 1 else None
        return sums[0], of_labels, rate_sum, None


def _add(sums: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for total, value in zip(sums, values, strict=True):
        total += value


def _grown(leaves: list[Tensor]) -> list[Tensor]:
    for leaf in leaves:
        leaf.requires_grad_()
    return leaves
