"""Where the blocks of a zstd frame should end. Each has a Huffman code of its own, and slices of an array differ: their
integers are large in the first and mostly 0 in the last. zstd looks for such places too, but not well in these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A block may end after each so many bytes, and has at most MOST_BYTES (RFC 8878, 3.1.1.2.4). Data of more than
# MOST_UNITS of them has longer ones, and where these exceed MOST_BYTES, zstd divides them.
UNIT, MOST_BYTES, MOST_UNITS = 512, 128 << 10, 256
# About what a block takes beside its codes: in all, and for each byte value that occurs, in its table. And by how much
# whole bits exceed the entropy.
BLOCK_BYTES, SYMBOL_BYTES, WHOLE_BITS = 10.0, 0.55, 1.01


def ends(data: bytes) -> list[int]:
    """The ends of blocks, the last of which is that of the data, by which their codes are shortest together, as
    reckoned from the entropy of each: the shortest path over all blocks that there could be."""
    unit = max(UNIT, -(-len(data) // MOST_UNITS))
    counts = _counts(data, unit)
    units, longest = len(counts) - 1, max(1, MOST_BYTES // unit)
    shortest, begins = np.zeros(units + 1), np.zeros(units + 1, np.int64)
    for end in range(1, units + 1):
        first = max(0, end - longest)
        through = shortest[first:end] + _block_bytes(counts[end] - counts[first:end])
        best = int(through.argmin())
        shortest[end], begins[end] = through[best], first + best
    found, end = [len(data)], units
    while begins[end]:
        end = int(begins[end])
        found.append(end * unit)
    return found[::-1]


def _counts(data: bytes, unit: int) -> NDArray[np.int64]:
    """[units + 1, values]: how often each byte value that occurs does before each place where a block may end."""
    items = np.frombuffer(data, np.uint8)
    found = np.zeros((1 + -(-len(items) // unit), 256), np.int64)
    for place in range(1, len(found)):
        found[place] = found[place - 1] + np.bincount(items[(place - 1) * unit : place * unit], minlength=256)
    return found[:, found[-1] > 0]


def _block_bytes(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """[n]: about what blocks of these counts [n, values] take."""
    there = counts > 0
    logarithms = np.log2(np.where(there, counts, 1))
    items, kinds = counts.sum(axis=1), there.sum(axis=1)
    bits = items * np.log2(np.maximum(items, 1)) - (counts * logarithms).sum(axis=1)
    # A Huffman code has at least a bit for each item, of more than one kind.
    bits = np.maximum(bits, np.where(kinds > 1, items, 0))
    found: NDArray[np.float64] = WHOLE_BITS * bits / 8 + SYMBOL_BYTES * kinds + BLOCK_BYTES
    return found
