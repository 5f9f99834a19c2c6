"""In which order of a file's items zstd makes least of them, by stored type: python benchmarks/orders.py FILE

Each array, converted to each type as `nsdc convert` does (a scale for each slice), is compressed alone with zstd 19 in
four orders of its items; the scales are left out. Beside them stands what an ideal arithmetic coder would take: without
a context, and adaptively by the size of the neighbours (above, to the left, and in the slice before), of an array of 5
axes. For spec/decisions/0012-one-order-a-type.md.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from nsdcodec.format.container.file import read
from nsdcodec.format.container.values import Array, to_items
from nsdcodec.format.container.zstd import estimate
from nsdcodec.format.layout import stored_as
from nsdcodec.format.stored_types import SCALED, VALUES, ArraySpec

SMALLEST = 500  # values of an array worth a row
CONTEXTS = 8


def orders(items: Array, spec: ArraySpec) -> dict[str, bytes]:
    """The same items as bytes: without gaps; as whole bytes, the lowest of all items first; bit by bit."""
    rows = np.ascontiguousarray(items).view(np.uint8).reshape(len(items), -1)
    bits = np.unpackbits(rows, axis=1, count=spec.bits, bitorder="little")
    return {
        "packed": np.packbits(bits, bitorder="little").tobytes(),
        "bytewise": rows.T.tobytes(),
        "bitwise": b"".join(np.packbits(plane, bitorder="little").tobytes() for plane in bits.T),
    }


def entropy(items: Array) -> float:
    """Bytes, by the frequencies of the items."""
    _, counts = np.unique(items, return_counts=True)
    return float(-(counts * np.log2(counts / len(items))).sum() / 8)


def adaptive(values: Array, bits: int) -> float:
    """Bytes of integers [slices, channels, height, width] with counts that are learned on the way, by context."""
    seen = np.full((CONTEXTS, 1 << bits), 0.1)
    total = 0.0
    sizes = np.pad(np.abs(values.astype(int)), ((1, 0), (0, 0), (1, 0), (1, 0)))
    for place in np.ndindex(values.shape):
        n, c, y, x = place
        near = sizes[n, c, y + 1, x + 1] + sizes[n + 1, c, y, x + 1] + sizes[n + 1, c, y + 1, x]
        counts = seen[min(CONTEXTS - 1, int(math.log2(1 + near) * CONTEXTS / bits))]
        value = int(values[place]) + (1 << bits - 1)
        total -= math.log2(counts[value] / counts.sum())
        counts[value] += 1
    return total / 8


def main(path: str) -> None:
    print("| array | dtype | plain bytes | packed | one a byte | bitwise | entropy | by neighbours |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for role, values in read(path).arrays.items():
        if values.size < SMALLEST or values.dtype.kind != "f":
            continue
        for dtype in VALUES:
            spec = stored_as(role, values.shape, dtype)
            if spec.dtype != dtype:  # small kernels are never integers
                continue
            items = to_items(values, spec).items
            sizes = [f"{estimate(data):,}" for data in orders(items, spec).values()]
            coder = [f"{entropy(items):,.0f}", ""] if dtype in SCALED else ["", ""]
            if dtype in SCALED and values.ndim == 5:
                coder[1] = f"{adaptive(items.reshape(values.shape)[0], spec.bits):,.0f}"
            print("| " + " | ".join([role, dtype, f"{math.ceil(spec.size * spec.bits / 8):,}", *sizes, *coder]) + " |")


if __name__ == "__main__":
    main(sys.argv[1])
