"""Items of an array <-> bytes: plain, as a raw tensor holds them, or in the order in which zstd makes least of them.

Spec: spec/container.md, stored types and coded files.
"""

from __future__ import annotations

import math

import numpy as np

from nsdcodec.errors import MalformedFile
from nsdcodec.format.container.codings import is_bitwise, is_bytewise
from nsdcodec.format.container.values import Array, Stored, item_type
from nsdcodec.format.stored_types import SCALE_BYTES, ArraySpec

# Integers packed or unpacked at once: of 8 so that each lot begins at a byte.
LOT = 1 << 17
# For bit k of items: the eight bits of each byte value, each as bit k of a byte; eight bytes as one number.
_SPREAD = [
    (np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") << np.uint8(bit)).view("<u8")[
        :, 0
    ]
    for bit in range(8)
]


def to_bytes(stored: Stored, spec: ArraySpec, coding: str) -> bytes:
    """`codings.length(spec, coding)` bytes."""
    items = stored.items
    if is_bitwise(spec, coding):
        return b"".join(_packed_bits((items.view(f"<u{items.itemsize}") >> bit) & 1) for bit in range(spec.bits))
    if spec.bits >= 8 or is_bytewise(spec, coding):
        return stored.scales.tobytes() + items.tobytes()
    lots = (items[start : start + LOT].view(np.uint8)[:, None] for start in range(0, len(items), LOT))
    bits = (np.unpackbits(lot, axis=1, count=spec.bits, bitorder="little") for lot in lots)
    return stored.scales.tobytes() + b"".join(map(_packed_bits, bits))


def from_bytes(data: memoryview, spec: ArraySpec, coding: str, name: str) -> Stored:
    """Of `codings.length(spec, coding)` bytes; a view of them where that is possible. Raises MalformedFile (A04) where
    a padding bit is set."""
    cut = SCALE_BYTES * spec.scales
    scales, body = np.frombuffer(data[:cut], "<f2"), np.frombuffer(data[cut:], np.uint8)
    if is_bitwise(spec, coding):
        return Stored(_from_planes(body.reshape(spec.bits, -1), spec, name), scales)
    if spec.bits >= 8 or is_bytewise(spec, coding):
        return Stored(body.view(item_type(spec)), scales)
    return Stored(_unpacked(body, spec, name), scales)


def _from_planes(planes: Array, spec: ArraySpec, name: str) -> Array:
    _check_padding(planes[:, -1], spec.size, name)
    items = np.empty((spec.size, spec.bits // 8), np.uint8)
    for start in range(0, spec.size, LOT):
        lot = planes[:, start // 8 : (start + LOT) // 8]
        for place in range(spec.bits // 8):
            eights = _SPREAD[0][lot[8 * place]]
            for bit in range(1, 8):
                eights |= _SPREAD[bit][lot[8 * place + bit]]
            items[start : start + LOT, place] = eights.view(np.uint8)[: spec.size - start]
    return items.view(item_type(spec))[:, 0]


def _unpacked(data: Array, spec: ArraySpec, name: str) -> Array:
    if spec.bits == 1:
        return _unpacked_bits(data, spec.size, name)
    items = np.empty(spec.size, np.uint8)
    for start in range(0, spec.size, LOT):
        count = min(LOT, spec.size - start)
        first = start * spec.bits // 8
        each = _unpacked_bits(data[first : first + math.ceil(count * spec.bits / 8)], count * spec.bits, name)
        items[start : start + count] = np.packbits(each.reshape(count, -1), axis=1, bitorder="little")[:, 0]
    # Two's complement of the spec's bits, as int8.
    shift = 8 - spec.bits
    result: Array = (items << shift).view(np.int8) >> shift
    return result


def _packed_bits(bits: Array) -> bytes:
    """Values 0 and 1, the first in the lowest bit of the first byte."""
    return np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little").tobytes()


def _unpacked_bits(data: Array, count: int, name: str) -> Array:
    """The first `count` bits, 0 or 1. Raises MalformedFile (A04) where one after them is set."""
    _check_padding(data[-1:], count, name)
    return np.unpackbits(data, count=count, bitorder="little")


def _check_padding(last: Array, count: int, name: str) -> None:
    """Of the last bytes of some rows of `count` bits each."""
    if count % 8 and (last >> (count % 8)).any():
        raise MalformedFile("NSD-A04", f"{name} has padding bits that are set")
