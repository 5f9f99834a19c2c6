"""Round values to their stored type in torch, for validation and for training through the rounding.

It is the same rounding that `container.values` does when the file is written, so that a file holds what was validated.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.format.stored_types import FLOATS, SCALED, ArraySpec


def rounded(values: Tensor, spec: ArraySpec) -> Tensor:
    """Float32 [spec.shape], each value the nearest that the stored type has (masks and classes as they are). What
    overflows the type is not finite."""
    if spec.dtype in FLOATS:
        return values.to(getattr(torch, spec.dtype)).float()
    if spec.dtype not in SCALED:
        return values
    most = (1 << spec.bits - 1) - 1
    rows = values.reshape(spec.scales, -1)
    exact = rows.abs().amax(dim=1, keepdim=True) / most
    nearest = exact.half()
    # Rounded down: the patterns of floats above 0 are in their order.
    steps = (nearest.view(torch.int16) - (nearest.float() > exact).short()).view(torch.float16).float()
    steps = torch.where(nearest.isfinite(), steps, torch.inf)
    integers = (rows / steps).nan_to_num(nan=0.0).round().clamp(-most, most)
    return (integers * steps).reshape(spec.shape)


def straight_through(values: Tensor, spec: ArraySpec) -> Tensor:
    """Rounded where the stored type is scaled integers, with the gradient of the values themselves (Bengio et al.
    2013), so that training sees the coarse steps; else the values: floats are fine enough."""
    if spec.dtype not in SCALED:
        return values
    return values + (rounded(values.detach(), spec) - values.detach())
