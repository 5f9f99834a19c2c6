"""3 x 3 convolutions in 2.25 times fewer products, with their tangents (Winograd; Lavin and Gray, CVPR 2016).

F(2 x 2, 3 x 3): of each 4 x 4 tile of the padded input B^T d B, of each kernel G k G^T, their products summed over the
channels (16 matrix products), and A^T m A of that is a 2 x 2 tile of the output. An identity, not an approximation;
its factors are 0, 1 and 1/2, so float32 loses no digit that matters. Backward is the transpose of each part. Kernels
are transformed once a step, not here: they come as G k G^T [16, C, K], and so do their gradients. Activations are
[n, height, width, channels].
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.learning.derivatives.compiled import kernel

# Narrower ones spend more time in transforms than they save.
LEAST_CHANNELS = 64
CHAIN = 32
# A^T, G and B^T of the paper, but for the sign of the last row of A^T and of B^T, so that A is additions alone.
KERNEL = ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.0, 0.0, 1.0))


def suits(layer: nn.Conv2d, height: int, width: int) -> bool:
    """Whether the layer is such a convolution of images of this size, and wide enough to be faster so."""
    same = (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (1, 1), (1, 1))
    same = same and (layer.dilation, layer.groups) == ((1, 1), 1)
    return same and height % 2 == width % 2 == 0 and min(layer.in_channels, layer.out_channels) >= LEAST_CHANNELS


def transformed(taps: Tensor) -> Tensor:
    """G k G^T: [K, C, 3, 3] -> [16, C, K], columns before rows."""
    factors = _factors(taps)
    return (factors @ taps.permute(3, 2, 1, 0).reshape(9, -1)).view(16, taps.shape[1], taps.shape[0])


def transformed_back(gradient: Tensor) -> Tensor:
    """The transpose of `transformed`."""
    taps = _factors(gradient).T @ gradient.reshape(16, -1)
    return taps.view(3, 3, *gradient.shape[1:]).permute(3, 2, 1, 0)


def _factors(like: Tensor) -> Tensor:
    matrix = like.new_tensor(KERNEL)
    return torch.kron(matrix, matrix)


class Convolution(torch.autograd.Function):
    """x [n, H, W, C] and kernel [16, C, K] -> [n, H, W, K]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, u: Tensor) -> Tensor:
        tiles = _input(x)
        ctx.save_for_backward(tiles, u)
        ctx.shape = x.shape
        return _output(_product((tiles, u)), *x.shape[:3])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        tiles, u = ctx.saved_tensors
        m = _output_back(*grads)
        x_grad = _input_back(_product((m, u.transpose(1, 2))), *ctx.shape[:3]) if ctx.needs_input_grad[0] else None
        return x_grad, torch.bmm(tiles.transpose(1, 2), m)


class ConvolutionAlong(torch.autograd.Function):
    """The same, and its derivative along (x', kernel'). No gradient of kernel': directions are given."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, x_tangent: Tensor, u: Tensor, u_tangent: Tensor) -> tuple[Tensor, Tensor]:
        tiles, tangents = _input(x), _input(x_tangent)
        ctx.save_for_backward(tiles, tangents, u, u_tangent)
        ctx.shape = x.shape
        value, tangent = _product((tiles, u)), _product((tangents, u), (tiles, u_tangent))
        return _output(value, *x.shape[:3]), _output(tangent, *x.shape[:3])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        tiles, tangents, u, u_tangent = ctx.saved_tensors
        m, m_tangent = (_output_back(g) for g in grads)
        u_grad = None
        if ctx.needs_input_grad[2]:
            u_grad = torch.bmm(tiles.transpose(1, 2), m).baddbmm_(tangents.transpose(1, 2), m_tangent)
        u, u_tangent = u.transpose(1, 2), u_tangent.transpose(1, 2)
        x_grad = _input_back(_product((m, u), (m_tangent, u_tangent)), *ctx.shape[:3])
        return x_grad, _input_back(_product((m_tangent, u)), *ctx.shape[:3]), u_grad, None


def _product(*pairs: tuple[Tensor, Tensor]) -> Tensor:
    """Sum of matrix products [16, n, C] [16, C, K], over `CHAIN` channels at a time: with one long chain of additions,
    gradients have 1.4 times the rounding error of PyTorch's convolutions; so they have the same."""
    total = None
    for left, right in pairs:
        for some, others in zip(left.split(CHAIN, dim=2), right.split(CHAIN, dim=1), strict=True):
            total = torch.bmm(some, others) if total is None else total.baddbmm_(some, others)
    assert total is not None
    return total


@kernel
def _input(x: Tensor) -> Tensor:
    """B^T d B of all tiles: [n, H, W, C] -> [16, n H/2 W/2, C], columns before rows."""
    height, width, channels = x.shape[1:]
    padded = F.pad(x, (0, 0, 1, 1, 1, 1))
    rows = _differences([padded[:, i : i + height - 1 : 2] for i in range(4)])
    tiles = [_differences([row[:, :, i : i + width - 1 : 2] for i in range(4)]) for row in rows]
    # Columns first: their place in `tiles` is the second.
    return torch.stack([tile for column in zip(*tiles, strict=True) for tile in column]).view(16, -1, channels)


def _differences(d: list[Tensor]) -> list[Tensor]:
    """B^T: four neighbours -> four values."""
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]]


@kernel
def _input_back(products: Tensor, n: int, height: int, width: int) -> Tensor:
    """The transpose of `_input`: what falls on the padding is dropped."""
    tiles = products.view(4, 4, n, height // 2, width // 2, products.shape[2])
    rows = [_neighbours([tiles[j, i] for j in range(4)], 2) for i in range(4)]
    return _neighbours(rows, 1)


def _neighbours(values: list[Tensor], dim: int) -> Tensor:
    """B: four values of each tile -> two pixels, which have a share of the tile before or after too."""
    first, second = values[1] - values[2] - values[3], values[1] + values[2] - values[0]
    first, second = first + _shifted(values[3], dim, 1), second + _shifted(values[0], dim, -1)
    return torch.stack([first, second], dim + 1).flatten(dim, dim + 1)


def _shifted(values: Tensor, dim: int, by: int) -> Tensor:
    """One place on or back, with zeros from outside."""
    places = [0, 0] * (values.dim() - 1 - dim) + ([1, 0] if by > 0 else [0, 1])
    return F.pad(values, places).narrow(dim, 0 if by > 0 else 1, values.shape[dim])


@kernel
def _output(products: Tensor, n: int, height: int, width: int) -> Tensor:
    """A^T m A: [16, n H/2 W/2, K] -> [n, H, W, K]."""
    tiles = products.view(4, 4, n, height // 2, width // 2, products.shape[2])
    columns = [_sums([tiles[j, i] for j in range(4)]) for i in range(4)]
    rows = [torch.stack(_sums([columns[i][j] for i in range(4)]), 2) for j in range(2)]
    # [n, h, 2, w, K] of each column of two.
    return torch.stack(rows, 4).flatten(3, 4).flatten(1, 2)


def _sums(m: list[Tensor]) -> list[Tensor]:
    """A^T: four values -> two neighbours."""
    return [m[0] + m[1] + m[2], m[1] - m[2] + m[3]]


@kernel
def _output_back(g: Tensor) -> Tensor:
    """The transpose of `_output`: [n, H, W, K] -> [16, n H/2 W/2, K]."""
    rows = _spread(g[:, ::2], g[:, 1::2])
    tiles = [_spread(row[:, :, ::2], row[:, :, 1::2]) for row in rows]
    return torch.stack([tile for column in zip(*tiles, strict=True) for tile in column]).view(16, -1, g.shape[3])


def _spread(first: Tensor, second: Tensor) -> list[Tensor]:
    """A: two neighbours -> four values."""
    return [first, first + second, first - second, second]
