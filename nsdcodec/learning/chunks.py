"""Work on many images in chunks that the memory holds. A bound of None is no bound: one chunk, and nothing is repeated.

Networks here treat each image by itself, so that chunks change a result by its rounding only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def parts(most: int | None, *values: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same rows of each tensor, at most so many at a time; tensors without a row once."""
    size = max(1, most or len(values[0]))
    return zip(*(value.split(size) for value in values), strict=True)


def ranges(n: int, most: int | None) -> Iterator[tuple[int, int]]:
    """Starts and stops that share out n places, at most so many in each."""
    size = max(1, most or n)
    return ((start, min(start + size, n)) for start in range(0, n, size))


def recomputed(function: Callable[..., Tensor], *values: object) -> Tensor:
    """function(*values), of whose steps nothing is kept for backward: they are made again then. It must draw no chance
    of its own."""
    made: Tensor = checkpoint(function, *values, use_reentrant=False, preserve_rng_state=False)
    return made


class Given(torch.autograd.Function):
    """A number with its gradients that are known already: `Given.apply(value, gradients, *inputs)`. So the graph behind
    it can be dropped before the backward of all that follows."""

    @staticmethod
    def forward(ctx: object, value: Tensor, gradients: list[Tensor], *inputs: Tensor) -> Tensor:
        ctx.gradients = gradients  # type: ignore[attr-defined]
        return value.clone()

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(grads[0] * gradient for gradient in ctx.gradients)  # type: ignore[attr-defined]
