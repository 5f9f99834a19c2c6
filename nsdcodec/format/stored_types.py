"""The stored types of arrays, and what one array takes: pure numbers. Spec: spec/container.md, stored types.

Floats are stored as they are. Scaled integers (int8 to int2) are small integers times float16 scales, one for each
index of the first axes. Unsigned integers (uint1, uint8, uint16) are masks and labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

FloatType = Literal["float32", "float16", "bfloat16"]
ScaledType = Literal["int8", "int6", "int4", "int3", "int2"]
UnsignedType = Literal["uint1", "uint8", "uint16"]
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
    "int3": 3,
    "int2": 2,
    "uint1": 1,
    "uint8": 8,
    "uint16": 16,
}
SCALE_BYTES = 2


@dataclass(frozen=True)
class ArraySpec:
    """One stored array: `dtype` is a key of `BITS`. Of a scaled type, each index of the first `scale_axes` axes has a
    scale of its own: 0 is one for the whole array, 2 in a spectrum one for each slice."""

    dtype: StoredType
    shape: tuple[int, ...]
    scale_axes: int | None = None

    def __post_init__(self) -> None:
        scaled = self.dtype in SCALED
        if scaled != (self.scale_axes is not None):
            raise ValueError(f"{self.dtype} with scale_axes={self.scale_axes}; only {', '.join(SCALED)} have scales")
        if self.scale_axes is not None and not 0 <= self.scale_axes < len(self.shape):
            raise ValueError(f"scale_axes is {self.scale_axes} for an array of {len(self.shape)} axes")

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
        return 0 if self.scale_axes is None else math.prod(self.shape[: self.scale_axes])

    @property
    def nbytes(self) -> int:
        """Plain bytes: scales and packed values, before any coding."""
        return SCALE_BYTES * self.scales + math.ceil(self.size * self.bits / 8)


def narrowest(count: int) -> UnsignedType:
    """The unsigned type of the fewest bits that tells `count` values apart, 0 to count - 1."""
    return next(name for name in UNSIGNED if count <= 1 << BITS[name])
