"""Round values to their stored type in torch, for validation, for training through the rounding, and for the file.

How coarsely is one number of a run: the coarseness, by which a file is fitted to its budget (`fitting`).

- The step of scaled integers is the coarseness times the largest magnitude over the largest integer. At 1 all integers
  are used and nothing is clipped. Above it fewer are used, and zstd saves more; below it the largest values are
  clipped.
- Where slices of a spectrum and of a batch kernel meet in pairs (`shares_error`), a step is the coarseness over the
  length of the other slice: so all steps move an image equally far, and the error of the images is least for their
  bits (reverse water-filling: Cover and Thomas, Elements of Information Theory, 10.3.3). The slices that tell most have
  the most bits, and are never clipped: a step is at least the largest magnitude over the largest integer.
- Floats lose log2 of the coarseness in bits of their significand, and none below 1. A fraction of a bit is one bit of
  that share of the values, the last ones: zstd stores bits that are all 0 for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.format.container.values import Stored
from nsdcodec.format.layout import Layout
from nsdcodec.format.stored_types import FLOATS, SCALED, ArraySpec, StoredType

# Bits of a float's significand that are stored.
SIGNIFICAND = {"float32": 23, "float16": 10, "bfloat16": 7}
# The integers that steps of equal error are for: fewer hold only what is clipped or 0.
EQUAL: tuple[StoredType, ...] = ("int8", "int6", "int4")
# At a coarseness of 1 a step moves an image by this much, as a root mean square of its normalised values.
MOVED = 0.02
# Scores of soft labels, which move no image, have this step then, whatever the coarseness: at most 28 % of a
# probability is rounded away. The scales of all images are then the same, and take no bytes.
SCORE_STEP = 0.5
# What meets a slice of zeros moves nothing. Its step is a float16 all the same, and so it is at a coarseness of 0, by
# which all integers are used.
SHORTEST, COARSEST_STEP = 1e-12, 2.0**12

Arrays = Mapping[str, Tensor]


def shares_error(layout: Layout) -> bool:
    """Whether steps are such that all move an image equally far."""
    kernel = layout.arrays.get("batch_kernel")
    spectrum = layout.arrays["spectrum"]
    return (
        kernel is not None
        and all(spec.dtype in EQUAL and spec.scale_axes == 2 for spec in (kernel, spectrum))
        and len(spectrum.shape) == 5
    )


def rounded(arrays: Arrays, layout: Layout, coarseness: float = 1.0) -> dict[str, Tensor]:
    """Float32, each value the nearest that is stored (masks and classes as they are). What overflows the type is not
    finite."""
    each = _each(arrays, layout, coarseness)
    return {role: _rounded(arrays[role], spec, coarseness, steps) for role, spec, steps in each}


def as_stored(arrays: Arrays, layout: Layout, coarseness: float) -> dict[str, NDArray[Any] | Stored]:
    """What `container.file.pack` takes, so that a file holds just what `rounded` gives."""
    each = _each(arrays, layout, coarseness)
    return {role: _as_stored(arrays[role], spec, coarseness, steps) for role, spec, steps in each}


def straight_through(arrays: Arrays, layout: Layout, coarseness: float = 1.0) -> dict[str, Tensor]:
    """Rounded where the stored type is scaled integers, with the gradient of the values themselves (Bengio et al.
    2013), so that training sees the coarse steps; else the values: floats are fine enough."""
    whole = {role: values.detach() for role, values in arrays.items()}
    coarse = dict(arrays)
    for role, spec, steps in _each(whole, layout, coarseness):
        if spec.dtype in SCALED:
            coarse[role] = arrays[role] + (_rounded(whole[role], spec, coarseness, steps) - whole[role])
    return coarse


def _each(arrays: Arrays, layout: Layout, coarseness: float) -> list[tuple[str, ArraySpec, Tensor | None]]:
    """Role and spec of each array, and [scales, 1] the steps that it is to have where no value is too large for them;
    None where its largest values make its steps."""
    steps: dict[str, Tensor] = {}
    if shares_error(layout):
        for role, lengths in _lengths(arrays, layout).items():
            steps[role] = (coarseness * MOVED / lengths.clamp(min=SHORTEST)).clamp(max=COARSEST_STEP)
        if "labels" in layout.arrays:
            step = SCORE_STEP if coarseness else 0.0
            steps["labels"] = arrays["labels"].new_full((layout.arrays["labels"].scales, 1), step)
    return [(role, spec, steps.get(role)) for role, spec in layout.arrays.items()]


def _lengths(arrays: Arrays, layout: Layout) -> dict[str, Tensor]:
    """By how much an image moves with a value of each slice, as a root mean square of its values: the length of the
    slice that it is multiplied with, the other kernels being near to orthonormal, or of all of these together."""
    geometry = layout.geometry
    values = geometry.channels * geometry.height * geometry.width
    squares = {role: arrays[role].float().flatten(2).square().sum(dim=2) for role in ("spectrum", "batch_kernel")}
    met = {"spectrum": squares["batch_kernel"], "batch_kernel": squares["spectrum"]}
    if layout.synthesis.pairing == "product" or squares["spectrum"].shape != squares["batch_kernel"].shape:
        met = {role: met[role].sum(dim=0).expand_as(squares[role]) for role in met}
    return {role: (others.reshape(-1, 1) / values).sqrt() for role, others in met.items()}


def _rounded(values: Tensor, spec: ArraySpec, coarseness: float, wanted: Tensor | None) -> Tensor:
    if spec.dtype in FLOATS:
        return _shortened(values.to(getattr(torch, spec.dtype)), SIGNIFICAND[spec.dtype], coarseness).float()
    if spec.dtype not in SCALED:
        return values
    integers, steps = _quantized(values, spec, coarseness, wanted)
    return (integers * steps).reshape(spec.shape)


def _as_stored(values: Tensor, spec: ArraySpec, coarseness: float, wanted: Tensor | None) -> NDArray[Any] | Stored:
    if spec.dtype not in SCALED:
        array: NDArray[Any] = _rounded(values, spec, coarseness, wanted).cpu().numpy()
        return array
    integers, steps = _quantized(values, spec, coarseness, wanted)
    return Stored(integers.to(torch.int8).flatten().cpu().numpy(), steps.half().flatten().cpu().numpy())


def _quantized(values: Tensor, spec: ArraySpec, coarseness: float, wanted: Tensor | None) -> tuple[Tensor, Tensor]:
    """Integers [spec.scales, n] and steps [spec.scales, 1], both float32; the steps are of float16's values."""
    most = (1 << spec.bits - 1) - 1
    rows = values.reshape(spec.scales, -1)
    largest = rows.abs().amax(dim=1, keepdim=True) / most
    exact = largest * coarseness if wanted is None else wanted.maximum(largest)
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
