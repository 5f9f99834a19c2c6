"""Instance norm, ReLU and 2 x 2 mean pool as one, with their tangent.

Of x, with y the normed x, r one over its deviation and means over the pixels of a channel:

    value = pool(relu(scale y + shift)).

Along (x', scale', shift'), with s = mean(y x') and 1 where scale y + shift > 0, else 0:

    y' = r (x' - mean(x') - s y),   tangent = pool(1 (scale y' + scale' y + shift')).

Backward, for gradients g of the value and h of the tangent, spread over the pooled pixels and times 1, with q = scale
mean(h y) and k = scale' - r s scale:

    of x'  r (scale h - scale mean(h) - q y),
    of x   r (scale g + k h - q y' - c - d y)  with  c = scale mean(g) + k mean(h)
                                               and   d = scale mean(g y) + k mean(h y) + scale mean(h y').

No gradient of scale' and shift': directions are given. Kept for backward are x and x' as they came, so that a value is
written only where it is pooled; the rest is made again. Activations are [n, height, width, channels].
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.learning.derivatives.compiled import compiled, kernel


class NormReluPool(torch.autograd.Function):
    """x [n, H, W, C], scale and shift [C] -> [n, H/2, W/2, C], or all pixels where `pool` is 1; in the type of x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, eps: float, pool: int) -> Tensor:
        value, mean, r = _value(x, scale, shift, eps, pool)
        ctx.save_for_backward(x, mean, r, scale, shift)
        ctx.pool = pool
        return value

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, mean, r, scale, shift = ctx.saved_tensors
        (g,) = (one.contiguous() for one in grads)
        return *_value_back(g, x, mean, r, scale, shift, ctx.pool), None, None


class NormReluPoolJvp(torch.autograd.Function):
    """The same of (x, x'), along (scale', shift')."""

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
        pool: int,
    ) -> tuple[Tensor, Tensor]:
        value, tangent, *means = _jvp(x, x_tangent, scale, shift, scale_tangent, shift_tangent, eps, pool)
        ctx.save_for_backward(x, x_tangent, *means, scale, shift, scale_tangent)
        ctx.pool = pool
        return value, tangent

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        g, h = (one.contiguous() for one in grads)
        *arrays, scale_tangent = ctx.saved_tensors
        x_grad, x_tangent_grad, *weight_grads = _jvp_back(g, h, arrays, scale_tangent, ctx.pool)
        return x_grad, x_tangent_grad, *weight_grads, None, None, None, None


def _exact(values: Tensor) -> Tensor:
    """Half types are for products: sums and roots are taken in float32."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def _mean(values: Tensor) -> Tensor:
    # Rows, then columns: a compiler adds up all pixels in one chain, whose rounding shows in float32.
    return values.mean(dim=2, keepdim=True).mean(dim=1, keepdim=True)


def _deviation(x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """x less its mean, the mean, and one over the deviation, the last two [n, 1, 1, C]."""
    mean = _mean(x)
    # Centred first, so that no digit is lost.
    centred = x - mean
    return centred, mean, (_mean(centred * centred) + eps).rsqrt()


def _pooled(values: Tensor, pool: int) -> Tensor:
    return values if pool == 1 else F.avg_pool2d(values.permute(0, 3, 1, 2), pool).permute(0, 2, 3, 1)


def _spread(g: Tensor, like: Tensor, pool: int) -> Tensor:
    """The transpose of `_pooled`."""
    if pool == 1:
        return _exact(g)
    n, height, width, channels = g.shape
    each = (_exact(g) * (1 / pool**2))[:, :, None, :, None, :].expand(n, height, pool, width, pool, channels)
    spread = each.reshape(n, height * pool, width * pool, channels)
    # A last row or column that no pool covers.
    return F.pad(spread, (0, 0, 0, like.shape[2] - width * pool, 0, like.shape[1] - height * pool))


def _masked(g: Tensor, value: Tensor) -> Tensor:
    """g where the value is positive, else 0."""
    if not torch.compiler.is_compiling():
        masked: Tensor = torch.ops.aten.threshold_backward(g, value, 0)
        return masked
    # By numbers, not by truth values, which a compiler for CPUs takes one by one.
    return g * (value > 0).to(g.dtype)


@kernel
def _value(x: Tensor, scale: Tensor, shift: Tensor, eps: float, pool: int) -> tuple[Tensor, Tensor, Tensor]:
    centred, mean, r = _deviation(_exact(x), eps)
    value = centred.mul_(r * scale).add_(shift).relu_()
    return _pooled(value, pool).to(x.dtype), mean, r


@kernel
def _value_back(
    g: Tensor, x: Tensor, mean: Tensor, r: Tensor, scale: Tensor, shift: Tensor, pool: int
) -> tuple[Tensor, Tensor, Tensor]:
    y = (_exact(x) - mean).mul_(r)
    g = _masked(_spread(g, x, pool), (y * scale).add_(shift))
    g_mean, g_y = _mean(g), _mean(g * y)
    x_grad = (g - g_mean).addcmul_(y, g_y, value=-1).mul_(r * scale)
    pixels = x.shape[1] * x.shape[2]
    return x_grad.to(x.dtype), g_y.sum(dim=(0, 1, 2)) * pixels, g_mean.sum(dim=(0, 1, 2)) * pixels


@kernel
def _jvp(
    x: Tensor,
    x_tangent: Tensor,
    scale: Tensor,
    shift: Tensor,
    scale_tangent: Tensor,
    shift_tangent: Tensor,
    eps: float,
    pool: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    centred, mean, r = _deviation(_exact(x), eps)
    y, given = centred.mul_(r), _exact(x_tangent)
    tangent_mean, s = _mean(given), _mean(y * given)
    tangent = (given - tangent_mean).addcmul_(y, s, value=-1).mul_(r * scale)
    tangent.addcmul_(y, scale_tangent.expand_as(s)).add_(shift_tangent)
    value = y.mul_(scale).add_(shift)
    tangent = _masked(tangent, value)
    value, tangent = (_pooled(one, pool).to(x.dtype) for one in (value.relu_(), tangent))
    return value, tangent, mean, r, tangent_mean, s


def _jvp_back(
    g: Tensor, h: Tensor, arrays: list[Tensor], scale_tangent: Tensor, pool: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of x, x', scale and shift. `arrays` are what `NormReluPoolJvp` keeps of them."""
    if compiled():
        # On their own, since a compiler would make the factors of an image and channel anew for each pixel.
        *factors, scale_grad, shift_grad = _means(g, h, arrays, scale_tangent, pool)
        return *_combined(g, h, arrays, factors, pool), scale_grad, shift_grad
    known = _known(g, h, arrays, pool)
    *factors, scale_grad, shift_grad = _means_of(known, arrays, scale_tangent)
    return *_combined_of(known, factors, g.dtype), scale_grad, shift_grad


@kernel
def _means(g: Tensor, h: Tensor, arrays: list[Tensor], scale_tangent: Tensor, pool: int) -> list[Tensor]:
    return _means_of(_known(g, h, arrays, pool), arrays, scale_tangent)


@kernel
def _combined(g: Tensor, h: Tensor, arrays: list[Tensor], factors: list[Tensor], pool: int) -> tuple[Tensor, Tensor]:
    return _combined_of(_known(g, h, arrays, pool), factors, g.dtype)


def _known(g: Tensor, h: Tensor, arrays: list[Tensor], pool: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """For each pixel: gradients of value and tangent before ReLU and pool, y, y'."""
    x, x_tangent, mean, r, tangent_mean, s, scale, shift = arrays
    y = (_exact(x) - mean).mul_(r)
    y_tangent = (_exact(x_tangent) - tangent_mean).addcmul_(y, s, value=-1).mul_(r)
    value = (y * scale).add_(shift)
    return _masked(_spread(g, x, pool), value), _masked(_spread(h, x, pool), value), y, y_tangent


def _means_of(
    known: tuple[Tensor, Tensor, Tensor, Tensor], arrays: list[Tensor], scale_tangent: Tensor
) -> list[Tensor]:
    """The factors of an image and channel that `_combined_of` needs, and the gradients of scale and shift."""
    g, h, y, y_tangent = known
    _, _, _, r, _, s, scale, _ = arrays
    g_mean, g_y, h_mean, h_y, h_y_tangent = _mean(g), _mean(g * y), _mean(h), _mean(h * y), _mean(h * y_tangent)
    q, k = scale * h_y, scale_tangent - r * s * scale
    c, d = scale * g_mean + k * h_mean, scale * (g_y + h_y_tangent) + k * h_y
    pixels = y.shape[1] * y.shape[2]
    of_scale, of_shift = ((one * pixels).sum(dim=(0, 1, 2)) for one in (g_y + h_y_tangent, g_mean))
    return [scale * r, k * r, q * r, c * r, d * r, scale * h_mean * r, of_scale, of_shift]


def _combined_of(
    known: tuple[Tensor, Tensor, Tensor, Tensor], factors: list[Tensor], dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Gradients of x and x'."""
    g, h, y, y_tangent = known
    a, k, q, c, d, m = factors
    x_grad = (g * a).addcmul_(h, k).addcmul_(y_tangent, q, value=-1).addcmul_(y, d, value=-1).sub_(c)
    return x_grad.to(dtype), (h * a).sub_(m).addcmul_(y, q, value=-1).to(dtype)
