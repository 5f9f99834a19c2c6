"""Batches of a file's images on one device, fast: what decoding would repeat is done once. After `synthesis`.

The images are those of `synthesis.images`; only the order of the multiplications differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from nsdcodec import synthesis
from nsdcodec.bases import basis
from nsdcodec.layout import AXES, Layout
from nsdcodec.stored_types import ArraySpec

# Decoded slices are kept up to this many values: 256 MB.
MOST_SLICE_VALUES = 1 << 26


class Decoder:
    """`images` for a layout and its arrays (as `synthesis.images` takes them), on the device of the arrays.

    Named bases are made once. Where all images mix the same slices of one spectrum, those are decoded once: a batch is
    then a single product of its rows of the batch kernel with whole decoded slices.
    """

    def __init__(self, layout: Layout, arrays: Mapping[str, Tensor]) -> None:
        self._layout, self._arrays = _with_stored_bases(layout, arrays)
        geometry = layout.geometry
        self._shape = (geometry.channels, geometry.height, geometry.width)
        self._rows: Tensor | None = None
        slices = layout.coefficient_shape[0]
        few = slices <= min(layout.images, MOST_SLICE_VALUES // max(geometry.image_elements, layout.image_values))
        if layout.synthesis.batch == "stored" and layout.blocks == 1 and few:
            self._rows = self._arrays.pop("batch_kernel")[0].T.contiguous()
            self._slices = synthesis.images(*_slices(self._layout, self._arrays)).flatten(1)

    def images(self, index: Tensor) -> Tensor:
        """Images float32 [n, C, H, W] in normalised units, for int64 [n] on the CPU, 0 <= index < layout.images."""
        if self._rows is None:
            return synthesis.images(self._layout, self._arrays, index)
        rows = self._rows.index_select(0, index.to(self._rows.device))
        return torch.mm(rows, self._slices).view(-1, *self._shape)


def _with_stored_bases(layout: Layout, arrays: Mapping[str, Tensor]) -> tuple[Layout, dict[str, Tensor]]:
    """The same images, with a kernel in place of each named basis."""
    geometry = layout.geometry
    specs, made, kinds = dict(layout.arrays), dict(arrays), {}
    lengths = (geometry.channels, geometry.height, geometry.width)
    for axis, t, u in zip(AXES[1:], layout.coefficient_shape[1:], lengths, strict=True):
        kind = layout.synthesis.axis(axis)
        if kind not in ("stored", "identity"):
            kinds[axis] = "stored"
            specs[f"{axis}_kernel"] = ArraySpec("float32", (1, t, u))
            made[f"{axis}_kernel"] = torch.tensor(basis(kind, t, u)).to(arrays["spectrum"])[None]
    return replace(layout, synthesis=replace(layout.synthesis, **kinds), arrays=specs), made


def _slices(layout: Layout, arrays: Mapping[str, Tensor]) -> tuple[Layout, Mapping[str, Tensor]]:
    """What decodes to each slice of the one spectrum, as if it were an image."""
    specs = {role: spec for role, spec in layout.arrays.items() if role not in ("batch_kernel", "labels")}
    synthesis_of_slices = replace(layout.synthesis, batch="identity")
    return replace(layout, synthesis=synthesis_of_slices, arrays=specs, labels="balanced"), arrays
