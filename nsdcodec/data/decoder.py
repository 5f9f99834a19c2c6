"""Decode batches of a file's images fast, on one device: work that every batch would repeat is done once.

The images are those of `synthesis.images`; only the order of the multiplications differs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from nsdcodec.format import synthesis
from nsdcodec.format.bases import basis
from nsdcodec.format.layout import AXES, Layout
from nsdcodec.format.stored_types import ArraySpec
from nsdcodec.system.devices import on_device
from nsdcodec.system.free_memory import demand

# Decoded slices are kept up to this many values: 256 MB.
MOST_SLICE_VALUES = 1 << 26
# So many multiplications of one large matrix product take the time of one in many small ones: about, measured on CPUs.
PRODUCT_SPEED = 2


class Decoder:
    """`images` for a layout and its arrays (as `synthesis.images` takes them), on the device of the arrays.

    Named bases are made once. Where images mix the slices of stored batch kernels, and that is no more work with whole
    decoded slices, those are decoded once: a batch is then a single product of its rows of the batch kernel with them.
    """

    def __init__(self, layout: Layout, arrays: Mapping[str, Tensor]) -> None:
        self._layout, self._arrays = _with_stored_bases(layout, arrays)
        geometry = layout.geometry
        self._shape = (geometry.channels, geometry.height, geometry.width)
        self._rows: Tensor | None = None
        if layout.synthesis.batch == "stored" and _slices_are_worth_decoding(layout):
            self._rows = self._arrays.pop("batch_kernel").transpose(1, 2).contiguous()
            self._of_slices, arrays = _slices(self._layout, self._arrays)
            self._slices = synthesis.images(self._of_slices, arrays).flatten(1)

    def images(self, index: Tensor) -> Tensor:
        """Images float32 [n, C, H, W] in normalised units, for int64 [n] on the CPU, 0 <= index < layout.images.

        Of several blocks, only the spectra and kernels of these images are touched."""
        if self._rows is None:
            return synthesis.images(self._layout, self._arrays, index)
        if self._rows.device.type == "cpu":
            demand(2 * 4 * len(index) * self._layout.geometry.image_elements, f"a batch of {len(index):,} images")
        index = on_device(index, self._rows.device)
        if self._layout.blocks == 1:
            mixed = torch.mm(self._rows[0].index_select(0, index), self._slices)
        else:
            mixed = self._of_several_blocks(self._rows, index)
        return mixed.view(-1, *self._shape)

    def _of_several_blocks(self, rows: Tensor, index: Tensor) -> Tensor:
        block, column = index // self._layout.images_per_block, index % self._layout.images_per_block
        decoded = block
        kernel = block if len(rows) > 1 else torch.zeros_like(block)
        if self._layout.synthesis.pairing == "product":
            kernel = block % len(rows)
            if self._of_slices.kernels == 1:  # one set of decoded slices a spectrum, whatever the batch kernel
                decoded = block // self._layout.kernels
        return synthesis.mixed_slices(self._slices, decoded, rows[kernel, column])


def _with_stored_bases(layout: Layout, arrays: Mapping[str, Tensor]) -> tuple[Layout, dict[str, Tensor]]:
    """The same images, with a kernel in place of each named basis."""
    geometry = layout.geometry
    specs, made, synthesis = dict(layout.arrays), dict(arrays), layout.synthesis
    lengths = (geometry.channels, geometry.height, geometry.width)
    for axis, t, u in zip(AXES[1:], layout.coefficient_shape[1:], lengths, strict=True):
        kind = layout.synthesis.axis(axis)
        if kind not in ("stored", "identity"):
            synthesis = synthesis.stored(axis)
            specs[f"{axis}_kernel"] = ArraySpec("float32", (1, t, u))
            made[f"{axis}_kernel"] = torch.tensor(basis(kind, t, u)).to(arrays["spectrum"])[None]
    return replace(layout, synthesis=synthesis, arrays=specs), made


def _slices(layout: Layout, arrays: Mapping[str, Tensor]) -> tuple[Layout, Mapping[str, Tensor]]:
    """What decodes to each slice of the one spectrum, as if it were an image."""
    specs = {role: spec for role, spec in layout.arrays.items() if role not in ("batch_kernel", "labels")}
    synthesis_of_slices = replace(layout.synthesis, batch="identity")
    return replace(layout, synthesis=synthesis_of_slices, arrays=specs, labels="balanced"), arrays


def _slices_are_worth_decoding(layout: Layout) -> bool:
    """Whether there are no more of them than images, they fit, and mixing them is less work than making each image."""
    slices, *lengths = layout.coefficient_shape
    geometry = layout.geometry
    every = slices * layout.blocks
    if every > min(layout.images, MOST_SLICE_VALUES // max(geometry.image_elements, layout.image_values)):
        return False
    axes = 0
    for place, axis in enumerate(AXES[1:]):
        length = lengths[place]
        lengths[place] = (geometry.channels, geometry.height, geometry.width)[place]
        axes += math.prod(lengths) * (length if layout.synthesis.axis(axis) != "identity" else 0)
    mixing = layout.arrays["spectrum"].size // (layout.spectra * slices)
    speed = PRODUCT_SPEED if layout.blocks == 1 else 1
    return slices * geometry.image_elements <= speed * (slices * mixing + axes)
