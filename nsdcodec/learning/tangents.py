"""How a network's loss changes along a direction of its weights: value and tangent side by side, beside `networks`.

Each layer carries an activation and its derivative along the direction (Pearlmutter 1994; forward mode). What comes out
is an ordinary scalar, so that its gradient, a Hessian times the direction, needs only first-order backward: no graph of
a backward is ever kept, and images can go through in any parts, since no layer mixes them.

Activations are channels-last: on a CPU the first convolution takes a seventh of the time so, and pooling a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nsdcodec.learning import winograd
from nsdcodec.learning.base import Network

# So few as images have; and so many that the rounding of their sum shows.
FEW_CHANNELS, MANY_CHANNELS = 4, 32

# A value, and its tangent: None is a tangent of zero.
Dual = tuple[Tensor, Tensor | None]


def has_tangent(network: nn.Module) -> bool:
    """Whether `loss` and `along` know every layer: a `Network` whose features are one sequence of the layers below."""
    if not isinstance(network, Network) or not isinstance(getattr(network, "features", None), nn.Sequential):
        return False
    return all(_rule(layer) is not None for layer in _layers(network))


def leaves(network: nn.Module, vector: Tensor) -> list[Tensor]:
    """Copies of the flat weights [P], a tensor for each parameter, kernels channels-last."""
    shapes = [weight.shape for weight in network.parameters()]
    parts = vector.detach().split([shape.numel() for shape in shapes])
    return [_in_order(part.view(shape)) for part, shape in zip(parts, shapes, strict=True)]


def flat(weights: Sequence[Tensor]) -> Tensor:
    """The vector [P] of what `leaves` made, or of gradients of it."""
    return torch.cat([weight.reshape(-1) for weight in weights])


def activation_bytes(network: nn.Module, images: Tensor) -> int:
    """Of one image after the first layer, where it is widest: what bounds how many should go through together."""
    first = next(_layers(network))
    channels = first.out_channels if isinstance(first, nn.Conv2d) else images.shape[1]
    return channels * images.shape[2] * images.shape[3] * images.element_size()


def loss(network: nn.Module, weights: Sequence[Tensor], images: Tensor, labels: Tensor, dtype: torch.dtype) -> Tensor:
    """The cross-entropies of images [n, C, H, W], summed, with these weights (`leaves`) and labels int64 [n], or soft
    ones [n, classes]. Convolutions and products are taken in `dtype`."""
    logits, _ = _logits(network, weights, None, images, dtype)
    return F.cross_entropy(logits, labels, reduction="sum")


def along(
    network: nn.Module,
    weights: Sequence[Tensor],
    direction: Sequence[Tensor],
    images: Tensor,
    labels: Tensor,
    dtype: torch.dtype,
) -> Tensor:
    """The derivative of `loss` along a direction of the weights, differentiable once in weights, images and labels.

    With p = softmax(logits) and its tangents: sum over images of y . (p . tangent - tangent), whose first product is a
    number an image. The softmax is written out, so that there is no second derivative of a fused loss.
    """
    logits, tangent = _logits(network, weights, direction, images, dtype)
    assert tangent is not None
    mean = (logits.softmax(dim=1) * tangent).sum(dim=1, keepdim=True)
    if labels.is_floating_point():
        return (labels * (mean - tangent)).sum()
    return mean.sum() - tangent.gather(1, labels[:, None]).sum()


def _logits(
    network: nn.Module,
    weights: Sequence[Tensor],
    direction: Sequence[Tensor] | None,
    images: Tensor,
    dtype: torch.dtype,
) -> Dual:
    values, tangents = iter(weights), iter(direction or ())
    current: Dual = _in_order(images), None
    for layer in _layers(network):
        rule = _rule(layer)
        assert rule is not None, "the caller asked has_tangent"
        own = [(next(values), next(tangents, None)) for _ in layer.parameters()]
        current = rule(layer, own, current, dtype)
    return current


def _layers(network: nn.Module) -> Iterator[nn.Module]:
    assert isinstance(network.features, nn.Sequential)
    yield from network.features
    assert isinstance(network.classifier, nn.Linear)
    yield network.classifier


def _in_order(values: Tensor) -> Tensor:
    return values.contiguous(memory_format=torch.channels_last) if values.dim() == 4 else values


Rule = Callable[[Any, list[Dual], Dual, torch.dtype], Dual]


def _rule(layer: nn.Module) -> Rule | None:
    if isinstance(layer, nn.Conv2d) and (layer.padding_mode != "zeros" or isinstance(layer.padding, str)):
        return None
    if isinstance(layer, nn.GroupNorm) and (layer.num_groups != layer.num_channels or not layer.affine):
        return None
    return RULES.get(type(layer).__name__)


def _product(function: Callable[..., Tensor], own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    """Of what is linear in weight and input, plus a bias. (w x)' = w x' + w' x; the caller's type comes back."""
    (weight, weight_tangent), *bias = own
    kept = x[0].dtype
    b, b_tangent = ((None if one is None else one.to(dtype)) for one in (bias[0] if bias else (None, None)))
    value = function(x[0].to(dtype), weight.to(dtype), b).to(kept)
    if weight_tangent is None:
        return value, None
    tangent = function(x[0].to(dtype), weight_tangent.to(dtype), b_tangent).to(kept)
    if x[1] is not None:
        tangent = tangent + function(x[1].to(dtype), weight.to(dtype), None).to(kept)
    return value, tangent


def _convolution(layer: nn.Conv2d, own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    if winograd.suits(layer, x[0], dtype):
        (kernel, kernel_tangent), (bias, bias_tangent) = own if layer.bias is not None else (*own, (None, None))
        if x[1] is None and kernel_tangent is None:
            return winograd.Convolution.apply(x[0], kernel, bias), None
        if x[1] is not None:
            both: Dual = winograd.ConvolutionAlong.apply(*x, kernel, kernel_tangent, bias, bias_tangent)
            return both
    few = layer.in_channels <= FEW_CHANNELS and layer.groups == 1
    # Channels-last, a CPU adds up all products in one chain, with twice the rounding error.
    exactly = x[0].device.type == "cpu" and dtype == torch.float32 and layer.in_channels >= MANY_CHANNELS

    def convolve(values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if few and values.requires_grad:
            found: Tensor = _FromFewChannels.apply(values, weight, bias, layer.stride, layer.padding, layer.dilation)
            return found
        if exactly:
            values, weight = values.contiguous(), weight.contiguous()
        convolved = F.conv2d(values, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
        return _in_order(convolved)

    return _product(convolve, own, x, dtype)


def _linear(layer: nn.Linear, own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    # Flat in the order channel, row, column, which is that of the weights.
    flattened = x[0].flatten(1), None if x[1] is None else x[1].flatten(1)
    return _product(F.linear, own, flattened, dtype)


def _norm(layer: nn.GroupNorm, own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    (scale, scale_tangent), (shift, shift_tangent) = own
    if x[1] is None:
        value: Tensor = _InstanceNorm.apply(x[0], scale, shift, layer.eps)
        return value, None
    both: tuple[Tensor, Tensor] = _InstanceNormAlong.apply(*x, scale, shift, scale_tangent, shift_tangent, layer.eps)
    return both


def _relu(layer: nn.ReLU, own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    if x[1] is None:
        return x[0].relu(), None
    # The tangent where the value is positive: one fused pass, where a mask would be two slow ones.
    return x[0].relu(), torch.ops.aten.threshold_backward(x[1], x[0], 0)


def _mean_pool(layer: nn.Module, own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    return F.avg_pool2d(x[0], 2), None if x[1] is None else F.avg_pool2d(x[1], 2)


def _max_pool(layer: nn.MaxPool2d, own: list[Dual], x: Dual, dtype: torch.dtype) -> Dual:
    if x[1] is None:
        return layer(x[0]), None
    value, place = F.max_pool2d(
        x[0], layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode, return_indices=True
    )
    tangent = x[1].flatten(2).gather(2, place.flatten(2)).view(place.shape)
    return value, _in_order(tangent)


# By the type of the layer, whose subclasses may do anything.
RULES: dict[str, Rule] = {
    "Conv2d": _convolution,
    "Linear": _linear,
    "GroupNorm": _norm,
    "ReLU": _relu,
    "MeanPool": _mean_pool,
    "MaxPool2d": _max_pool,
}


class _FromFewChannels(torch.autograd.Function):
    """A convolution of images, whose gradient with respect to them is one matrix product and a sum of shifted columns:
    on a CPU in a third of the time, since libraries work on 16 channels or none."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.sizes = stride, padding, dilation
        return F.conv2d(x, weight, bias, *ctx.sizes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.sizes
        (g,) = grads
        columns = weight.flatten(1).T @ g.flatten(2)
        x_grad = F.fold(columns, x.shape[2:], weight.shape[2:], dilation, padding, stride)
        _, of_weight, of_bias = ctx.needs_input_grad[:3]
        weight_grad = bias_grad = None
        if of_weight or of_bias:
            _, weight_grad, bias_grad = torch.ops.aten.convolution_backward(
                g, x, weight, [len(weight)], stride, padding, dilation, False, [0, 0], 1, [False, of_weight, of_bias]
            )
        return x_grad, weight_grad, bias_grad, None, None, None


def _mean(values: Tensor) -> Tensor:
    return values.mean(dim=(2, 3), keepdim=True)


def _normed(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Of each image and channel mean 0 and variance 1; and one over the deviation, [n, C, 1, 1]."""
    # Not var_mean, which is fifty times slower here; centred first, so that no digit is lost.
    centred = x - _mean(x)
    inverse = (_mean(centred * centred) + eps).rsqrt()
    return centred.mul_(inverse), inverse


def _column(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)


class _InstanceNorm(torch.autograd.Function):
    """Instance norm with its affine part, in a third of the passes that PyTorch's own takes channels-last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
        normed, inverse = _normed(x, eps)
        ctx.save_for_backward(normed, inverse, scale)
        return torch.addcmul(_column(shift), normed, _column(scale))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        normed, inverse, scale = ctx.saved_tensors
        (g,) = grads
        g_mean, g_normed = _mean(g), _mean(g * normed)
        pixels = g.shape[2] * g.shape[3]
        x_grad = (g - g_mean).addcmul_(normed, -g_normed).mul_(inverse * _column(scale))
        return x_grad, g_normed.sum(dim=0).view(-1) * pixels, g_mean.sum(dim=0).view(-1) * pixels, None


class _InstanceNormAlong(torch.autograd.Function):
    """Instance norm and its derivative along (x', scale', shift'), each as few passes as there are sums in it.

    With y the normed x, r one over the deviation, s = mean(y x') and means over the pixels of a channel:
        y' = r (x' - mean(x') - s y),   value = scale y + shift,   tangent = scale y' + scale' y + shift'.
    Backward, for gradients g of the value and h of the tangent, q = scale mean(h y) and k = scale' - r s scale:
        of x'  r (scale h - scale mean(h) - q y),
        of x   r (scale g + k h - q y' - c - d y)  with  c = scale mean(g) + k mean(h)
                                                   and   d = scale mean(g y) + k mean(h y) + scale mean(h y').
    No gradient of scale' and shift': directions are given.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        x_tangent: Tensor,
        scale: Tensor,
        shift: Tensor,
        scale_tangent: Tensor,
        shift_tangent: Tensor,
        eps: float,
    ) -> tuple[Tensor, Tensor]:
        y, r = _normed(x, eps)
        s = _mean(y * x_tangent)
        y_tangent = (x_tangent - _mean(x_tangent)).addcmul_(y, -s).mul_(r)
        ctx.save_for_backward(y, y_tangent, r, s, scale, scale_tangent)
        value = torch.addcmul(_column(shift), y, _column(scale))
        tangent = torch.addcmul(_column(shift_tangent), y, _column(scale_tangent))
        return value, tangent.addcmul_(y_tangent, _column(scale))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        y, y_tangent, r, s, flat_scale, flat_scale_tangent = ctx.saved_tensors
        g, h = grads
        scale, scale_tangent = _column(flat_scale), _column(flat_scale_tangent)
        g_mean, g_y, h_mean, h_y, h_y_tangent = _mean(g), _mean(g * y), _mean(h), _mean(h * y), _mean(h * y_tangent)
        q, k = scale * h_y, scale_tangent - r * s * scale
        c, d = scale * g_mean + k * h_mean, scale * (g_y + h_y_tangent) + k * h_y
        x_grad = torch.addcmul(-c * r, g, scale * r).addcmul_(h, k * r)
        x_grad.addcmul_(y_tangent, -q * r).addcmul_(y, -d * r)
        x_tangent_grad = torch.addcmul(-scale * h_mean * r, h, scale * r).addcmul_(y, -q * r)
        pixels = g.shape[2] * g.shape[3]
        scale_grad = (g_y + h_y_tangent).sum(dim=0).view(-1) * pixels
        return x_grad, x_tangent_grad, scale_grad, g_mean.sum(dim=0).view(-1) * pixels, None, None, None
