"""Round values to their stored type in torch, for validation, for training through the rounding, and for the file.

How coarsely is one number of a run: the coarseness, by which a file is fitted to its budget (`fitting`).

- The step of scaled integers is the coarseness times the largest magnitude over the largest integer. At 1 all integers
  are used and nothing is clipped. Above it fewer are used, and zstd saves more; below it the largest values are
  clipped.
- Floats lose log2 of the coarseness in bits of their significand, and none below 1. A fraction of a bit is one bit of
  that share of the values, the last ones: zstd stores bits that are all 0 for nothing.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.format.container.values import Stored
from nsdcodec.format.stored_types import FLOATS, SCALED, ArraySpec

# Bits of a float's significand that are stored.
SIGNIFICAND = {"float32": 23, "float16": 10, "bfloat16": 7}


def rounded(values: Tensor, spec: ArraySpec, coarseness: float = 1.0) -> Tensor:
    """Float32 [spec.shape], each value the nearest that is stored (masks and classes as they are). What overflows the
    type is not finite."""
    if spec.dtype in FLOATS:
        return _shortened(values.to(getattr(torch, spec.dtype)), SIGNIFICAND[spec.dtype], coarseness).float()
    if spec.dtype not in SCALED:
        return values
    integers, steps = _quantized(values, spec, coarseness)
    return (integers * steps).reshape(spec.shape)


def as_stored(values: Tensor, spec: ArraySpec, coarseness: float) -> NDArray[Any] | Stored:
    """What `container.file.pack` takes, so that a file holds just what `rounded` gives."""
    if spec.dtype not in SCALED:
        array: NDArray[Any] = rounded(values, spec, coarseness).cpu().numpy()
        return array
    integers, steps = _quantized(values, spec, coarseness)
    return Stored(integers.to(torch.int8).flatten().cpu().numpy(), steps.half().flatten().cpu().numpy())


def straight_through(values: Tensor, spec: ArraySpec, coarseness: float = 1.0) -> Tensor:
    """Rounded where the stored type is scaled integers, with the gradient of the values themselves (Bengio et al.
    2013), so that training sees the coarse steps; else the values: floats are fine enough."""
    if spec.dtype not in SCALED:
        return values
    return values + (rounded(values.detach(), spec, coarseness) - values.detach())


def _quantized(values: Tensor, spec: ArraySpec, coarseness: float) -> tuple[Tensor, Tensor]:
    """Integers [spec.scales, n] and steps [spec.scales, 1], both float32; the steps are of float16's values."""
    most = (1 << spec.bits - 1) - 1
    rows = values.reshape(spec.scales, -1)
    exact = rows.abs().amax(dim=1, keepdim=True) / most * coarseness
    nearest = exact.half()
    # Rounded down: the patterns of floats above 0 are in their order.
    steps = (nearest.view(torch.int16) - (nearest.float() > exact).short()).view(torch.float16).float()
    steps = torch.where(nearest.isfinite(), steps, torch.inf)
    return (rows / steps).nan_to_num(nan=0.0).round().clamp(-most, most), steps


def _shortened(values: Tensor, significand: int, coarseness: float) -> Tensor:
    bits = min(math.log2(max(1.0, coarseness)), significand)
    if bits == 0:
        return values
    patterns = values.flatten().view(torch.int32 if values.dtype == torch.float32 else torch.int16)
    cut = len(patterns) - round((bits - int(bits)) * len(patterns))
    parts = [_cleared(patterns[:cut], int(bits)), _cleared(patterns[cut:], int(bits) + 1)]
    shorter = torch.cat(parts).view(values.dtype).view(values.shape)
    return torch.where(values.isfinite(), shorter, values)


def _cleared(patterns: Tensor, bits: int) -> Tensor:
    """Patterns of floats, rounded to the nearest whose last bits are 0. A carry makes the next power of two of it."""
    return (patterns + (1 << bits >> 1)) & -(1 << bits)
