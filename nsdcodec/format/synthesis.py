"""Synthesis: from a layout and its arrays to images and labels, in one differentiable function.

It decodes every parameterization, and the encoder optimises through it. Spec: spec/synthesis.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.errors import MalformedFile
from nsdcodec.format.bases import basis
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.layout import Layout
from nsdcodec.system.devices import on_device
from nsdcodec.system.free_memory import demand

MOST_VALUES_AT_ONCE = 1 << 24
NEAR_OVERFLOW = 1e37


def images(layout: Layout, arrays: Mapping[str, Tensor], index: Tensor | None = None) -> Tensor:
    """Images [n, C, H, W] in normalised units and in the type of the spectrum, for `index` int64 [n] (None: all).

    `arrays` has the float arrays of the layout, and its mask as bool. Only the spectra, kernels and batch columns that
    these images need are read. Raises IndexError past the last image, and TooLarge where they do not fit the memory.
    NSD Eq. 1 and 2; here, spectra may share kernels, and an axis may have one kernel for all.
    """
    if index is not None and len(index) and (int(index.min()) < 0 or int(index.max()) >= layout.images):
        raise IndexError(f"images {int(index.min())} to {int(index.max())} asked for; there are {layout.images}")
    if arrays["spectrum"].device.type == "cpu":
        count = layout.images if index is None else len(index)
        demand(2 * 4 * count * layout.image_values, f"the making of {count:,} images")
    spectrum, kernel, column = _places(layout, arrays["spectrum"].device, index)
    coefficients = _batch_axis(layout, arrays, spectrum, kernel, column)
    for axis, dimension in (("channel", -3), ("height", -2), ("width", -1)):
        coefficients = _spatial_axis(layout, arrays, axis, dimension, kernel, coefficients)
    return coefficients.flatten(0, 1)


def labels(layout: Layout, arrays: Mapping[str, Tensor], device: torch.device | str = "cpu") -> Tensor:
    """The class of every image, int64 [images]; for soft labels its distribution over the classes, [images, classes],
    in the type of the array and differentiable in it. PyTorch's cross_entropy takes both as a target."""
    if layout.labels == "soft":
        return arrays["labels"].to(device).softmax(dim=1)
    if layout.labels == "stored":
        return arrays["labels"].to(device=device, dtype=torch.int64)
    return on_device(balanced_labels(layout), torch.device(device))


def balanced_labels(layout: Layout) -> Tensor:
    """The classes, int64 [images], by the rule "balanced": the images are divided among the classes, in order."""
    # In place: a small file may have 2^24 images, and each step would take 128 MB of its own.
    labels = np.arange(layout.images, dtype=np.int64)
    labels *= layout.geometry.classes
    labels //= layout.images
    return torch.from_numpy(labels)


def hard_labels(labels: Tensor) -> Tensor:
    """The class int64 [n] of labels [n]; of distributions or scores [n, classes], the most likely class, the first if
    several are equal."""
    return labels.detach().argmax(dim=1) if labels.ndim == 2 else labels


def check_finite(file: NSDFile) -> None:
    """Raises MalformedFile (S04) if an image has a value that, computed in float64, is not finite in float32. (That can
    happen although all arrays are finite.) It takes memory for about `MOST_VALUES_AT_ONCE` values, or for one image if
    that is more."""
    layout = file.header.layout
    arrays = {role: to_torch(values) for role, values in file.arrays.items()}
    exact: dict[str, Tensor] = {}
    count = images_at_once(layout)
    for start in range(0, layout.images, count):
        index = torch.arange(start, min(start + count, layout.images))
        made = images(layout, arrays, index)
        low, high = made.aminmax()
        # What is far below float32's limit in float32 is so in float64; a NaN is not below.
        if low > -NEAR_OVERFLOW and high < NEAR_OVERFLOW:
            continue
        for n in index[~(made.abs().flatten(1).amax(dim=1) < NEAR_OVERFLOW)]:
            exact = exact or {role: to_torch(values, torch.float64) for role, values in file.arrays.items()}
            if not images(layout, exact, n[None]).float().isfinite().all():
                raise MalformedFile("NSD-S04", f"image {int(n)} is not finite once decoded")


def images_at_once(layout: Layout) -> int:
    """How many images `images` makes with about `MOST_VALUES_AT_ONCE` values between two steps; at least one."""
    # For the batch axis an image takes of each slice its number, int64, and its factor.
    return max(1, MOST_VALUES_AT_ONCE // max(layout.image_values, 3 * layout.coefficient_shape[0]))


def to_torch(values: NDArray[Any], dtype: torch.dtype = torch.float32) -> Tensor:
    """A stored array as a tensor with memory of its own: floats in `dtype`, bits as bool, labels as int64."""
    if values.dtype.kind == "f":
        return torch.from_numpy(values.astype(np.float64 if dtype == torch.float64 else np.float32)).to(dtype)
    return torch.from_numpy(values.astype(bool if values.dtype == bool else np.int64))


def _places(layout: Layout, device: torch.device, index: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Which spectrum [B], which kernel [B], and which columns of the batch axis [B, m] make the images: one row for
    each block where all its images are wanted (None: every column), else one for each image."""
    column: Tensor | None = None
    if index is None:
        block = torch.arange(layout.blocks, device=device)
    elif layout.blocks == 1:
        block, column = torch.zeros(1, dtype=torch.int64, device=device), on_device(index, device)[None]
    else:
        index = on_device(index, device)
        block, column = index // layout.images_per_block, (index % layout.images_per_block)[:, None]
    if layout.synthesis.pairing == "zip":
        return block, block if layout.kernels > 1 else torch.zeros_like(block), column
    return block // layout.kernels, block % layout.kernels, column


def _batch_axis(
    layout: Layout, arrays: Mapping[str, Tensor], spectrum: Tensor, kernel: Tensor, column: Tensor | None
) -> Tensor:
    """Coefficients [B, m, t2, t3, t4] of single images."""
    stored = arrays["spectrum"]
    if layout.synthesis.batch == "identity":
        mixed = stored[spectrum] if column is None else stored[spectrum[:, None], column]
    else:
        kernels = arrays["batch_kernel"]
        own = kernel if len(kernels) > 1 else torch.zeros_like(kernel)
        if column is None:
            mixed = kernels[own].transpose(1, 2) @ stored[spectrum].flatten(2)
        elif layout.blocks == 1:
            mixed = (kernels[0][:, column[0]].T @ stored[0].flatten(1))[None]
        else:
            slices = stored.flatten(0, 1).flatten(1)
            mixed = mixed_slices(slices, spectrum, kernels[own, :, column[:, 0]])[:, None]
        mixed = mixed.reshape(*mixed.shape[:2], *stored.shape[2:])
    if "mask" not in layout.arrays:
        return mixed
    mask = arrays["mask"]
    chosen_mask = mask[spectrum if len(mask) > 1 else torch.zeros_like(spectrum)]
    placed: Tensor = _Placed.apply(mixed, chosen_mask)
    return placed


class _Placed(torch.autograd.Function):
    """Coefficients [B, m, t2, k] at the k places of masks [B, t3, t4], row by row, with zeros elsewhere. PyTorch's own
    backward of `masked_scatter` makes the host wait for a GPU, to count what the mask lets through, and takes many
    times as long on a CPU."""

    @staticmethod
    def forward(ctx: Any, mixed: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(mask)
        ctx.count = mixed.shape[3]
        full = mixed.new_zeros(*mixed.shape[:3], *mask.shape[1:])
        return full.masked_scatter(mask[:, None, None].expand_as(full), mixed)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (mask,), (g,) = ctx.saved_tensors, grads
        flat = mask.flatten(1)
        numbers = torch.arange(flat.shape[1], device=g.device).expand_as(flat)
        # Each place goes to its rank in the mask; those outside to one more, which is cut off.
        ranks = torch.where(flat, flat.cumsum(1) - 1, ctx.count)
        places = numbers.new_zeros(len(flat), ctx.count + 1).scatter(1, ranks, numbers)[:, : ctx.count]
        return g.flatten(3).gather(3, places[:, None, None].expand(*g.shape[:3], -1)), None


def mixed_slices(slices: Tensor, block: Tensor, factors: Tensor) -> Tensor:
    """Sums [n, q]: of the p slices in block[n], each times its factor. `slices` [blocks * p, q], `factors` [n, p].
    Only the slices in these blocks are read, and none is copied."""
    count = factors.shape[1]
    number = block[:, None] * count + torch.arange(count, device=block.device)
    return torch.nn.functional.embedding_bag(number, slices, mode="sum", per_sample_weights=factors)


def _spatial_axis(
    layout: Layout, arrays: Mapping[str, Tensor], axis: str, dimension: int, kernel: Tensor, values: Tensor
) -> Tensor:
    """Multiplies one axis of values [B, m, q, r, s] by its matrix [t, u], or [B, t, u] where rows have their own."""
    kind = layout.synthesis.axis(axis)
    if kind == "identity":
        return values
    if kind == "stored":
        matrices = arrays[f"{axis}_kernel"]
    else:
        size = getattr(layout.geometry, "channels" if axis == "channel" else axis)
        named = torch.tensor(basis(kind, values.shape[dimension], size), dtype=values.dtype)
        matrices = on_device(named, values.device)[None]
    if len(matrices) == 1:
        return (values.movedim(dimension, -1) @ matrices[0]).movedim(-1, dimension)
    return (values.movedim(dimension, -1) @ matrices[kernel][:, None, None]).movedim(-1, dimension)
