"""3 x 3 convolutions in 2.25 times fewer products, with their tangents (Winograd; Lavin and Gray, CVPR 2016); under
`tangents`.

F(2 x 2, 3 x 3): of each 4 x 4 tile of the padded input B^T d B, of each kernel G k G^T, their products summed over the
channels (16 matrix products), and A^T m A of that is a 2 x 2 tile of the output. An identity, not an approximation;
its factors are 0, 1 and 1/2, so float32 loses no digit that matters. Backward is the transpose of each part. What value
and tangent share (the transformed input, the transformed kernel) is made once: three convolutions forward and five back
take eight transforms of activations.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

# Narrower ones spend more time in transforms than they save.
LEAST_CHANNELS = 64
CHAIN = 32
# A^T, G and B^T of the paper, but for the sign of the last row of A^T and of B^T, so that A is additions alone.
KERNEL = ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.0, 0.0, 1.0))


def suits(layer: nn.Conv2d, x: Tensor, dtype: torch.dtype) -> bool:
    """Whether the layer is such a convolution, and faster so: on a CPU, whose libraries do not do this themselves."""
    same = (layer.kernel_size, layer.stride, layer.padding) == ((3, 3), (1, 1), (1, 1))
    same = same and (layer.dilation, layer.groups) == ((1, 1), 1)
    even = x.shape[2] % 2 == x.shape[3] % 2 == 0
    wide = min(layer.in_channels, layer.out_channels) >= LEAST_CHANNELS
    return same and even and wide and x.device.type == "cpu" and dtype in (torch.float32, torch.float64)


class Convolution(torch.autograd.Function):
    """x [n, C, H, W], kernel [K, C, 3, 3] and bias [K] or None -> [n, K, H, W], channels-last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        tiles, u = _input(x), _kernel(kernel)
        ctx.save_for_backward(tiles, u)
        ctx.shape = x.shape
        return _output(_product((tiles, u.transpose(1, 2))), x.shape, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        tiles, u = ctx.saved_tensors
        (g,) = grads
        m = _output_transposed(g)
        x_grad = _input_transposed(_product((m, u)), ctx.shape) if ctx.needs_input_grad[0] else None
        return x_grad, _kernel_transposed(torch.bmm(m.transpose(1, 2), tiles)), _of_bias(g, ctx.needs_input_grad[2])


class ConvolutionAlong(torch.autograd.Function):
    """The same, and its derivative along (x', kernel', bias'). No gradient of kernel' and bias': they are given."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        x_tangent: Tensor,
        kernel: Tensor,
        kernel_tangent: Tensor,
        bias: Tensor | None,
        bias_tangent: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        tiles, tangents, u, v = _input(x), _input(x_tangent), _kernel(kernel), _kernel(kernel_tangent)
        ctx.save_for_backward(tiles, tangents, u, v)
        ctx.shape = x.shape
        value = _product((tiles, u.transpose(1, 2)))
        tangent = _product((tangents, u.transpose(1, 2)), (tiles, v.transpose(1, 2)))
        return _output(value, x.shape, bias), _output(tangent, x.shape, bias_tangent)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        tiles, tangents, u, v = ctx.saved_tensors
        g, h = grads
        m, m_tangent = _output_transposed(g), _output_transposed(h)
        kernel_grad = None
        if ctx.needs_input_grad[2]:
            products = torch.bmm(m.transpose(1, 2), tiles).baddbmm_(m_tangent.transpose(1, 2), tangents)
            kernel_grad = _kernel_transposed(products)
        x_grad = _input_transposed(_product((m, u), (m_tangent, v)), ctx.shape)
        x_tangent_grad = _input_transposed(_product((m_tangent, u)), ctx.shape)
        return x_grad, x_tangent_grad, kernel_grad, None, _of_bias(g, ctx.needs_input_grad[4]), None


def _product(*pairs: tuple[Tensor, Tensor]) -> Tensor:
    """Sum of matrix products [16, n, C] [16, C, K], over `CHAIN` channels at a time: with one long chain of additions,
    gradients have 1.4 times the rounding error of PyTorch's convolutions; so they have the same."""
    total = None
    for left, right in pairs:
        for some, others in zip(left.split(CHAIN, dim=2), right.split(CHAIN, dim=1), strict=True):
            total = torch.bmm(some, others) if total is None else total.baddbmm_(some, others)
    assert total is not None
    return total


def _of_bias(g: Tensor, wanted: bool) -> Tensor | None:
    return g.sum(dim=(0, 2, 3)) if wanted else None


def _kernel(kernel: Tensor) -> Tensor:
    """G k G^T: [K, C, 3, 3] -> [16, K, C], columns before rows."""
    matrix = kernel.new_tensor(KERNEL)
    both = torch.kron(matrix, matrix)
    taps = kernel.permute(3, 2, 0, 1).reshape(9, -1)
    return (both @ taps).view(16, *kernel.shape[:2])


def _kernel_transposed(products: Tensor) -> Tensor:
    matrix = products.new_tensor(KERNEL)
    both = torch.kron(matrix, matrix)
    taps = both.T @ products.view(16, -1)
    return taps.view(3, 3, *products.shape[1:]).permute(2, 3, 1, 0)


def _input(x: Tensor) -> Tensor:
    """B^T d B of all tiles: [n, C, H, W] -> [16, n H/2 W/2, C], columns before rows."""
    n, channels, height, width = x.shape
    h, w = height // 2, width // 2
    padded = x.new_zeros(n, height + 2, width + 2, channels)
    padded[:, 1:-1, 1:-1] = x.permute(0, 2, 3, 1)
    rows = x.new_empty(4, n, h, width + 2, channels)
    _differences([padded[:, i : i + height - 1 : 2] for i in range(4)], rows)
    tiles = x.new_empty(4, 4, n, h, w, channels)
    _differences([rows[:, :, :, i : i + width - 1 : 2] for i in range(4)], tiles)
    return tiles.view(16, n * h * w, channels)


def _differences(neighbours: list[Tensor], out: Tensor) -> None:
    """B^T: four neighbours -> four values."""
    a, b, c, d = neighbours
    torch.sub(a, c, out=out[0])
    torch.add(b, c, out=out[1])
    torch.sub(c, b, out=out[2])
    torch.sub(d, b, out=out[3])


def _input_transposed(products: Tensor, shape: torch.Size) -> Tensor:
    """The transpose of `_input`: what falls on the padding is dropped."""
    n, channels, height, width = shape
    h, w = height // 2, width // 2
    tiles = products.view(4, 4, n, h, w, channels)
    rows = tiles.new_empty(4, n, h, width, channels)
    _scatter(tiles, rows.view(4, n, h, w, 2, channels).unbind(4), 3)
    x = tiles.new_empty(n, height, width, channels)
    _scatter(rows, x.view(n, h, 2, width, channels).unbind(2), 1)
    return x.permute(0, 3, 1, 2)


def _scatter(values: Tensor, out: tuple[Tensor, ...], dim: int) -> None:
    """B: four values of each tile -> neighbours, which tiles share; `dim` of the results is that of the tiles."""
    first, second = out
    tiles = first.shape[dim]
    torch.sub(values[1], values[2], out=first).sub_(values[3])
    torch.add(values[1], values[2], out=second).sub_(values[0])
    if tiles > 1:
        first.narrow(dim, 1, tiles - 1).add_(values[3].narrow(dim, 0, tiles - 1))
        second.narrow(dim, 0, tiles - 1).add_(values[0].narrow(dim, 1, tiles - 1))


def _output(products: Tensor, shape: torch.Size, bias: Tensor | None) -> Tensor:
    """A^T m A: [16, n H/2 W/2, K] -> [n, K, H, W], with the bias."""
    n, _, height, width = shape
    h, w, channels = height // 2, width // 2, products.shape[2]
    tiles = products.view(4, 4, n, h, w, channels)
    columns = tiles.new_empty(2, 4, n, h, w, channels)
    _sums(tiles, columns.unbind(0))
    y = tiles.new_empty(n, h, 2, w, 2, channels)
    places = y.permute(2, 4, 0, 1, 3, 5)
    for column in range(2):
        _sums(columns[column], (places[0, column], places[1, column]))
    y = y.view(n, height, width, channels)
    return (y if bias is None else y.add_(bias)).permute(0, 3, 1, 2)


def _sums(values: Tensor, out: tuple[Tensor, ...]) -> None:
    """A^T: four values -> two neighbours."""
    torch.add(values[0], values[1], out=out[0]).add_(values[2])
    torch.sub(values[1], values[2], out=out[1]).add_(values[3])


def _output_transposed(g: Tensor) -> Tensor:
    """The transpose of `_output`: [n, K, H, W] -> [16, n H/2 W/2, K]."""
    n, channels, height, width = g.shape
    h, w = height // 2, width // 2
    values = g.permute(0, 2, 3, 1)
    rows = g.new_empty(4, n, h, width, channels)
    _spread(values[:, ::2], values[:, 1::2], rows)
    tiles = g.new_empty(4, 4, n, h, w, channels)
    _spread(rows[:, :, :, ::2], rows[:, :, :, 1::2], tiles)
    return tiles.view(16, n * h * w, channels)


def _spread(first: Tensor, second: Tensor, out: Tensor) -> None:
    """A: two neighbours -> four values."""
    out[0].copy_(first)
    torch.add(first, second, out=out[1])
    torch.sub(first, second, out=out[2])
    out[3].copy_(second)
