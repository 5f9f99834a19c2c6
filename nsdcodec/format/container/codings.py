"""Items of an array <-> bytes: packed as in a raw tensor, or shuffled for zstd. Spec: spec/container.md, codings.

Every coding but raw names what zstd is given: the plain bytes (zstd), or bytes or bits in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nsdcodec.errors import MalformedFile
from nsdcodec.format.container.values import Array, Stored, item_type
from nsdcodec.format.stored_types import FLOATS, SCALE_BYTES, ArraySpec

RAW = "raw"
ZSTD = ("zstd", "shuffle", "bitshuffle")
CODINGS = (RAW, *ZSTD)
# Integers packed or unpacked at once: of 8 so that each lot begins at a byte.
LOT = 1 << 17


def length(spec: ArraySpec, coding: str) -> int:
    """Bytes of an array in this coding, before zstd."""
    if coding == "shuffle":
        return SCALE_BYTES * spec.scales + spec.size * item_type(spec).itemsize
    if coding == "bitshuffle":
        return SCALE_BYTES * spec.scales + spec.bits * math.ceil(spec.size / 8)
    return spec.nbytes


def to_bytes(stored: Stored, spec: ArraySpec, coding: str) -> bytes:
    """`length(spec, coding)` bytes."""
    items = stored.items
    if coding == "shuffle":
        body = items.view(np.uint8).reshape(len(items), -1).T.tobytes()
    elif coding == "bitshuffle":
        body = b"".join(np.packbits(plane).tobytes() for plane in _planes(items, spec))
    elif spec.dtype in FLOATS or spec.bits == 8:
        body = items.tobytes()
    else:
        body = _packed(items, spec.bits)
    return stored.scales.tobytes() + body


def from_bytes(data: memoryview, spec: ArraySpec, coding: str, name: str) -> Stored:
    """Of `length(spec, coding)` bytes; a view of them where that is possible. Raises MalformedFile (A04) where a
    padding bit is set."""
    cut = SCALE_BYTES * spec.scales
    scales, body = np.frombuffer(data[:cut], "<f2"), data[cut:]
    if coding == "shuffle":
        width = item_type(spec).itemsize
        columns = np.frombuffer(body, np.uint8).reshape(width, -1)
        return Stored(np.ascontiguousarray(columns.T).reshape(-1).view(item_type(spec)), scales)
    if coding == "bitshuffle":
        return Stored(_from_planes(np.frombuffer(body, np.uint8).reshape(spec.bits, -1), spec, name), scales)
    if spec.dtype in FLOATS or spec.bits == 8:
        return Stored(np.frombuffer(body, item_type(spec)), scales)
    return Stored(_unpacked(np.frombuffer(body, np.uint8), spec, name), scales)


def _planes(items: Array, spec: ArraySpec) -> Iterator[Array]:
    """Of each bit, the highest first: that bit of every item, 0 or 1."""
    patterns = items.view(f"<u{items.itemsize}")
    for bit in reversed(range(spec.bits)):
        yield ((patterns >> bit) & 1).astype(np.uint8)


def _from_planes(planes: Array, spec: ArraySpec, name: str) -> Array:
    kind = item_type(spec)
    patterns = np.zeros(spec.size, f"<u{kind.itemsize}")
    for start in range(0, spec.size, LOT):
        lot = patterns[start : start + LOT]
        for plane in planes[:, start // 8 : (start + LOT) // 8]:
            lot <<= 1
            lot |= _unpacked_bits(plane, len(lot), name)
    return _signed(patterns, spec) if kind.kind == "i" else patterns.view(kind)


def _packed(items: Array, bits: int) -> bytes:
    """`bits` low bits of each item, without gaps, the highest bit first."""
    packed = []
    for start in range(0, len(items), LOT):
        wide = items[start : start + LOT].astype(">u2" if items.dtype.kind == "u" else ">i2").view(np.uint8)
        each = np.unpackbits(wide.reshape(-1, 2), axis=1)[:, 16 - bits :]
        packed.append(np.packbits(each.reshape(-1)).tobytes())
    return b"".join(packed)


def _unpacked(data: Array, spec: ArraySpec, name: str) -> Array:
    if spec.bits == 1:
        return _unpacked_bits(data, spec.size, name)
    kind = item_type(spec)
    items = np.empty(spec.size, f"<u{kind.itemsize}")
    for start in range(0, spec.size, LOT):
        count = min(LOT, spec.size - start)
        first = start * spec.bits // 8
        each = _unpacked_bits(data[first : first + math.ceil(count * spec.bits / 8)], count * spec.bits, name)
        wide = np.zeros((count, 16), np.uint8)
        wide[:, 16 - spec.bits :] = each.reshape(count, spec.bits)
        items[start : start + count] = np.packbits(wide, axis=1).reshape(-1).view(">u2")
    return _signed(items, spec) if kind.kind == "i" else items


def _unpacked_bits(data: Array, count: int, name: str) -> Array:
    """The first `count` bits, 0 or 1. Raises MalformedFile (A04) where one after them is set."""
    padding = 8 * len(data) - count
    if padding and int(data[-1]) & (1 << padding) - 1:
        raise MalformedFile("NSD-A04", f"{name} has padding bits that are set")
    return np.unpackbits(data, count=count)


def _signed(patterns: Array, spec: ArraySpec) -> Array:
    """Two's complement of the spec's bits, as int8."""
    shift = 8 - spec.bits
    result: Array = (patterns << shift).view(np.int8) >> shift
    return result
