"""Work on many images in chunks that fit the memory. A bound of None means no bound, and no chunks.

The networks treat each image separately, so that chunks change a result only by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor


def in_chunks(most: int | None, *values: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same rows of each tensor, at most so many at a time; tensors without a row once."""
    size = max(1, most or len(values[0]))
    return zip(*(value.split(size) for value in values), strict=True)


def ranges(n: int, most: int | None) -> Iterator[tuple[int, int]]:
    """Starts and stops that share out n places, at most so many in each."""
    size = max(1, most or n)
    return ((start, min(start + size, n)) for start in range(0, n, size))


class KnownGradient(torch.autograd.Function):
    """A number whose gradients are known already: `KnownGradient.apply(value, gradients, *inputs)`, a gradient for each
    input. So the graph behind it is gone before the backward of all that follows. Goes backward once: the gradients,
    which may be most of the memory, are scaled in place and passed on."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        ctx.gradients = gradients
        return value.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        gradients, ctx.gradients = ctx.gradients, None
        return None, None, *(gradient.mul_(grads[0]) for gradient in gradients)


class Rows(torch.autograd.Function):
    """`Rows.apply(make, n, most, *inputs)`: rows [n, ...] of which make(inputs, index) are those of an int64 index, at
    most so many at a time. Backward makes each part again, so that only one of them ever has a graph."""

    @staticmethod
    def forward(
        ctx: Any, make: Callable[[Sequence[Tensor], Tensor], Tensor], n: int, most: int, *inputs: Tensor
    ) -> Tensor:
        ctx.make, ctx.most = make, most
        ctx.save_for_backward(*inputs)
        index = torch.arange(n).split(most)
        first = make(inputs, index[0])
        rows = first.new_empty(n, *first.shape[1:])
        rows[: len(first)] = first
        for part in index[1:]:
            rows[part[0] : part[-1] + 1] = make(inputs, part)
        return rows

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        inputs = [
            values.detach().requires_grad_(wanted) for values, wanted in zip(ctx.saved_tensors, needed, strict=True)
        ]
        wanted = [values for values in inputs if values.requires_grad]
        sums = [torch.zeros_like(values) for values in wanted]
        for index in torch.arange(len(grads[0])).split(ctx.most):
            with torch.enable_grad():
                rows = ctx.make(inputs, index)
            found = torch.autograd.grad(rows, wanted, grads[0][index[0] : index[-1] + 1])
            for total, one in zip(sums, found, strict=True):
                total += one
        each = iter(sums)
        return None, None, None, *(next(each) if one else None for one in needed)


class Rowwise(torch.autograd.Function):
    """`Rowwise.apply(make, most, index, values)`: the rows [n, D] that make(start, some) makes of values[index],
    `start` being the place of the first of `some`, each of its own alone. Backward makes each part again, at most so
    many rows, so that only one of them ever has a graph. `index` int64 [n] names no place twice."""

    @staticmethod
    def forward(ctx: Any, make: Callable[[int, Tensor], Tensor], most: int, index: Tensor, values: Tensor) -> Tensor:
        ctx.make, ctx.most = make, most
        ctx.save_for_backward(index, values)
        return torch.cat([make(start, values[index[start:stop]]) for start, stop in ranges(len(index), most)])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        index, values = ctx.saved_tensors
        gradient = torch.zeros_like(values)
        for start, stop in ranges(len(index), ctx.most):
            some = values[index[start:stop]].requires_grad_()
            with torch.enable_grad():
                rows = ctx.make(start, some)
            (gradient[index[start:stop]],) = torch.autograd.grad(rows, some, grads[0][start:stop])
        return None, None, None, gradient


class WeightedSums(torch.autograd.Function):
    """`WeightedSums.apply(make, most, index, weights, values)`: weights.T [k, n] times the rows [n, D] that
    make(start, some) makes of values[index], `start` being the place of the first of `some`, each of its own alone. At
    most so many rows are there at a time: backward makes each part again. `index` int64 [n] names no place twice."""

    @staticmethod
    def forward(
        ctx: Any, make: Callable[[int, Tensor], Tensor], most: int, index: Tensor, weights: Tensor, values: Tensor
    ) -> Tensor:
        ctx.make, ctx.most = make, most
        ctx.save_for_backward(index, weights, values)
        parts = (
            weights[start:stop].T @ make(start, values[index[start:stop]]) for start, stop in ranges(len(index), most)
        )
        total = next(parts)
        for part in parts:
            total += part
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        index, weights, values = ctx.saved_tensors
        of_weights = torch.empty_like(weights) if ctx.needs_input_grad[3] else None
        of_values = torch.zeros_like(values)
        for start, stop in ranges(len(index), ctx.most):
            some = values[index[start:stop]].requires_grad_()
            with torch.enable_grad():
                rows = ctx.make(start, some)
            if of_weights is not None:
                of_weights[start:stop] = rows.detach() @ grads[0].T
            (of_values[index[start:stop]],) = torch.autograd.grad(rows, some, weights[start:stop] @ grads[0])
        return None, None, None, of_weights, of_values
