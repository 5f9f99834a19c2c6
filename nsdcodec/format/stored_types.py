"""The stored types of arrays, and what one array takes: pure numbers. Spec: spec/container.md, stored types.

Floats are stored as they are. Scaled integers (int8, int6, int4) are small integers times float16 scales, one for each
index of the first axes. Unsigned integers (uint1 to uint16) are packed without gaps: masks and labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

FloatType = Literal["float32", "float16", "bfloat16"]
ScaledType = Literal["int8", "int6", "int4"]
UnsignedType = Literal[
    "uint1", "uint2", "uint3", "uint4", "uint5", "uint6", "uint7", "uint8",
    "uint9", "uint10", "uint11", "uint12", "uint13", "uint14", "uint15", "uint16",
]  # fmt: skip
# What images and soft labels can be made from.
ValueType = Literal[FloatType, ScaledType]
StoredType = Literal[ValueType, UnsignedType]
# What has a scale of its own, of scaled types: see `layout.stored_as`.
Granularity = Literal["slice", "row", "tensor"]

FLOATS: tuple[FloatType, ...] = get_args(FloatType)
SCALED: tuple[ScaledType, ...] = get_args(ScaledType)
UNSIGNED: tuple[UnsignedType, ...] = get_args(UnsignedType)
VALUES: tuple[ValueType, ...] = get_args(ValueType)
GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)
# Bits that one value takes in the file; a scale takes SCALE_BYTES more.
BITS: dict[StoredType, int] = {
    "float32": 32,
    "float16": 16,
    "bfloat16": 16,
    "int8": 8,
    "int6": 6,
    "int4": 4,
    **{name: bits for bits, name in enumerate(UNSIGNED, 1)},
}
SCALE_BYTES = 2
# The one tensor that holds every array that is not raw.
CODED = "coded"


@dataclass(frozen=True)
class ArraySpec:
    """One stored array: `dtype` is a key of `BITS`. Of a scaled type, each index of the first `scaled_axes` axes has a
    scale of its own: 0 is one for the whole array, 2 in a spectrum one for each slice."""

    dtype: StoredType
    shape: tuple[int, ...]
    scaled_axes: int | None = None

    def __post_init__(self) -> None:
        scaled = self.dtype in SCALED
        if scaled != (self.scaled_axes is not None):
            raise ValueError(f"{self.dtype} with scaled_axes={self.scaled_axes}; only {', '.join(SCALED)} have scales")
        if self.scaled_axes is not None and not 0 <= self.scaled_axes < len(self.shape):
            raise ValueError(f"scaled_axes is {self.scaled_axes} for an array of {len(self.shape)} axes")

    @property
    def bits(self) -> int:
        """Of one value."""
        return BITS[self.dtype]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def scales(self) -> int:
        """How many scales there are."""
        return 0 if self.scaled_axes is None else math.prod(self.shape[: self.scaled_axes])

    @property
    def nbytes(self) -> int:
        """Plain bytes: scales and packed values, before any coding."""
        return SCALE_BYTES * self.scales + math.ceil(self.size * self.bits / 8)


def narrowest(count: int) -> UnsignedType:
    """The unsigned type of the fewest bits that tells `count` values apart, 0 to count - 1."""
    return UNSIGNED[max(1, (count - 1).bit_length()) - 1]
