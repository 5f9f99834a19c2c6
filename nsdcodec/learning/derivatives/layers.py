"""The layers that `tangents` knows, each with its value and its derivative along a direction of its weights.

Activations are [n, height, width, channels], as convolutions, norms and pools are quickest; in a half type where
products are, but for logits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.learning.derivatives.normed import NormReluPool, NormReluPoolJvp

# Value, and tangent: None is a tangent of zero.
Dual = tuple[Tensor, Tensor | None]

# So few as images have; and so many that the rounding of their sum shows.
FEW_CHANNELS, MANY_CHANNELS = 4, 32


class Layer(ABC):
    """One or more modules of a network, `count` weights in all."""

    count = 0

    @abstractmethod
    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor: ...

    @abstractmethod
    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual: ...


@dataclass(frozen=True)
class InputSpec:
    """What comes to a layer: the images [n, channels, height, width] that come to it, and how to compute."""

    channels: int
    height: int
    width: int
    device: torch.device
    dtype: torch.dtype


def known(module: nn.Module) -> bool:
    """By the type itself: a subclass may do anything."""
    name = type(module).__name__
    if isinstance(module, nn.Conv2d):
        return name == "Conv2d" and module.padding_mode == "zeros" and not isinstance(module.padding, str)
    if isinstance(module, nn.GroupNorm):
        return name == "GroupNorm" and module.num_groups == module.num_channels and module.affine
    return name in ("ReLU", "MeanPool", "MaxPool2d")


def build(modules: Sequence[nn.Module], spec: InputSpec) -> Iterator[tuple[Layer, InputSpec]]:
    """The layers of `known` modules, and of one linear one at the end, each with the spec after it."""
    rest = list(modules)
    while rest:
        names = [type(module).__name__ for module in rest]
        taken, layer = 1, _layer(rest, spec)
        if names[0] == "GroupNorm":
            taken = 3 if names[2:3] == ["MeanPool"] else 2
        for passed in rest[:taken]:
            spec = _after(passed, spec)
        yield layer, spec
        rest = rest[taken:]


def _layer(rest: Sequence[nn.Module], spec: InputSpec) -> Layer:
    module, *after = rest
    if isinstance(module, nn.Conv2d):
        # A mean is taken away after it, so that a bias does nothing.
        biased = module.bias is not None and not (after and isinstance(after[0], nn.GroupNorm))
        return _Convolution(module, biased, spec)
    if isinstance(module, nn.GroupNorm):
        pooled = len(after) > 1 and type(after[1]).__name__ == "MeanPool"
        return _NormReluPool(module.eps, 2 if pooled else 1)
    if isinstance(module, nn.Linear):
        return _Linear(spec.dtype)
    if isinstance(module, nn.MaxPool2d):
        return _MaxPool(module)
    return _ReLU() if isinstance(module, nn.ReLU) else _MeanPool()


def _after(module: nn.Module, spec: InputSpec) -> InputSpec:
    height, width, channels = spec.height, spec.width, spec.channels
    if isinstance(module, nn.Conv2d | nn.MaxPool2d):
        pairs = [
            value if isinstance(value, tuple) else (value, value)
            for value in (module.kernel_size, module.stride, module.padding, module.dilation)
        ]
        height, width = (
            (size + 2 * int(padding) - dilation * (kernel - 1) - 1) // stride + 1
            for size, kernel, stride, padding, dilation in zip((height, width), *pairs, strict=True)
        )
        channels = module.out_channels if isinstance(module, nn.Conv2d) else channels
    elif type(module).__name__ == "MeanPool":
        height, width = height // 2, width // 2
    return InputSpec(channels, height, width, spec.device, spec.dtype)


def _images(x: Tensor) -> Tensor:
    """As PyTorch takes them: [n, C, H, W]."""
    return x.permute(0, 3, 1, 2)


def _pixels(x: Tensor) -> Tensor:
    """[n, H, W, C], in that order in memory."""
    return x.permute(0, 2, 3, 1).contiguous()


class _Convolution(Layer):
    """By PyTorch's own."""

    def __init__(self, module: nn.Conv2d, biased: bool, spec: InputSpec) -> None:
        self.sizes: Any = (module.stride, module.padding, module.dilation, module.groups)
        self.count = 1 if module.bias is None else 2
        self.biased = biased
        self.dtype = spec.dtype
        exact = spec.device.type == "cpu" and spec.dtype == torch.float32
        # Channels-last, a CPU adds up all products in one chain, with twice the rounding error.
        self.order = torch.contiguous_format if exact and spec.channels >= MANY_CHANNELS else torch.channels_last
        self.few = spec.device.type == "cpu" and spec.channels <= FEW_CHANNELS and module.groups == 1

    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return self._convolved(x, weights)

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual:
        values, x_tangent = x
        if self.few and x_tangent is None and values.requires_grad:
            pixels = _images(values.to(self.dtype)).contiguous(memory_format=self.order)
            kernels = (one[0].to(self.dtype) for one in (weights, tangents))
            both = _OfImages.apply(pixels, *kernels, *self.sizes)
            value, tangent = (
                _pixels(one if not self.biased else one + own[1].to(self.dtype)[:, None, None])
                for one, own in zip(both, (weights, tangents), strict=True)
            )
            return value, tangent
        tangent = self._convolved(values, tangents)
        if x_tangent is not None:
            tangent = tangent + self._convolved(x_tangent, weights[:1])
        return self._convolved(values, weights), tangent

    def _convolved(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        images = _images(x.to(self.dtype)).contiguous(memory_format=self.order)
        kernel = weights[0].to(self.dtype).contiguous(memory_format=self.order)
        bias = weights[1].to(self.dtype) if self.biased and len(weights) > 1 else None
        return _pixels(F.conv2d(images, kernel, bias, *self.sizes))


class _OfImages(torch.autograd.Function):
    """A convolution of images and its tangent, whose gradient with respect to the images is one matrix product and a
    sum of shifted columns: on a CPU in a third of the time, since libraries work on 16 channels or none."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, kernel: Tensor, tangent: Tensor, stride: Any, padding: Any, dilation: Any, groups: int
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x, kernel, tangent)
        ctx.sizes = stride, padding, dilation
        return F.conv2d(x, kernel, None, *ctx.sizes), F.conv2d(x, tangent, None, *ctx.sizes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, kernel, tangent = ctx.saved_tensors
        stride, padding, dilation = ctx.sizes
        g, h = grads
        columns = kernel.flatten(1).T @ g.flatten(2) + tangent.flatten(1).T @ h.flatten(2)
        x_grad = F.fold(columns, x.shape[2:], kernel.shape[2:], dilation, padding, stride)
        kernel_grad = None
        if ctx.needs_input_grad[1]:
            _, kernel_grad, _ = torch.ops.aten.convolution_backward(
                g, x, kernel, None, stride, padding, dilation, False, [0, 0], 1, [False, True, False]
            )
        return x_grad, kernel_grad, *[None] * 5


class _NormReluPool(Layer):
    count = 2

    def __init__(self, eps: float, pool: int) -> None:
        self.eps, self.pool = eps, pool

    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        value: Tensor = NormReluPool.apply(x, *weights, self.eps, self.pool)
        return value

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual:
        x_tangent = torch.zeros_like(x[0]) if x[1] is None else x[1]
        both: Dual = NormReluPoolJvp.apply(x[0], x_tangent, *weights, *tangents, self.eps, self.pool)
        return both


class _Linear(Layer):
    """Of all pixels, in the order channel, row, column, which is that of the weights. Logits in the weights' type."""

    count = 2

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return self._product(x, *weights)

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual:
        tangent = self._product(x[0], *tangents)
        if x[1] is not None:
            tangent = tangent + self._product(x[1], weights[0])
        return self._product(x[0], *weights), tangent

    def _product(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        flat = _images(x).flatten(1).to(self.dtype)
        added = None if bias is None else bias.to(self.dtype)
        return F.linear(flat, weight.to(self.dtype), added).to(weight.dtype)


class _ReLU(Layer):
    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return x.relu()

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual:
        # The tangent where the value is positive: one fused pass, where a mask would be two slow ones.
        return x[0].relu(), None if x[1] is None else torch.ops.aten.threshold_backward(x[1], x[0], 0)


class _MeanPool(Layer):
    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return _pixels(F.avg_pool2d(_images(x), 2))

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual:
        return self.value((), x[0]), None if x[1] is None else self.value((), x[1])


class _MaxPool(Layer):
    def __init__(self, module: nn.MaxPool2d) -> None:
        self.module = module

    def value(self, weights: Sequence[Tensor], x: Tensor) -> Tensor:
        return _pixels(self.module(_images(x)))

    def jvp(self, weights: Sequence[Tensor], tangents: Sequence[Tensor], x: Dual) -> Dual:
        if x[1] is None:
            return self.value((), x[0]), None
        m = self.module
        value, spec = F.max_pool2d(
            _images(x[0]), m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, return_indices=True
        )
        tangent = _images(x[1]).flatten(2).gather(2, spec.flatten(2)).view(spec.shape)
        return _pixels(value), _pixels(tangent)
