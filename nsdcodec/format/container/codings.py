"""The codings of a file's arrays, and the bytes that an array takes in each: pure numbers.

Spec: spec/container.md, stored types and coded files.
"""

from __future__ import annotations

import math

from nsdcodec.format.stored_types import BITS, SCALE_BYTES, ArraySpec

# How all arrays of a file are stored: each in a tensor of its own; or together in one zstd frame, items of 16 bits and
# more bit by bit, or plain as they are.
RAW = "raw"
BITWISE = "bitwise"
PLAIN = "plain"
CODINGS = (RAW, BITWISE, PLAIN)
# Types whose items can stand in the frame bit by bit.
WIDE = tuple(name for name, bits in BITS.items() if bits > 8)


def length(spec: ArraySpec, coding: str) -> int:
    """Bytes of an array in this coding, before zstd."""
    if is_bitwise(spec, coding):
        return spec.bits * math.ceil(spec.size / 8)
    if is_bytewise(spec, coding):
        return SCALE_BYTES * spec.scales + spec.size
    return spec.nbytes


def is_bitwise(spec: ArraySpec, coding: str) -> bool:
    """Whether its items are taken apart: bit 0 of all, then bit 1 of all, and so on."""
    return coding == BITWISE and spec.dtype in WIDE


def is_bytewise(spec: ArraySpec, coding: str) -> bool:
    """Whether an integer takes a byte: where bytes of packed ones would hold parts of integers, zstd finds less."""
    return coding != RAW and 8 % spec.bits != 0 and spec.bits < 8
