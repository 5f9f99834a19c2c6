"""The matrices of the named bases.

Each is [t, u]: row i is what coefficient i adds to the u samples of an axis. In float64, so that the format has one
reference; the decoder rounds them to its own type. `basis` checks the lengths; the functions rely on 1 <= t <= u.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nsdcodec.format.named_bases import check

Matrix = NDArray[np.float64]


def identity(t: int, u: int) -> Matrix:
    """The samples themselves; needs t = u."""
    return np.eye(u)


def dct(t: int, u: int) -> Matrix:
    """The t lowest frequencies of the inverse DCT-II, orthonormal, so that a squared error in coefficients is one in
    pixels. Departs from NSD Eq. 4, which is `dct4`."""
    frequency, sample = np.arange(t)[:, None], np.arange(u)[None, :]
    matrix: Matrix = np.sqrt(2 / u) * np.cos(np.pi / u * frequency * (sample + 0.5))
    matrix[0] /= np.sqrt(2)
    return matrix


def dct4(t: int, u: int) -> Matrix:
    """The t lowest frequencies of the orthonormal DCT-IV: NSD Eq. 4, half-sample shifts on both indices, with the 2 / u
    of its inverse shared out evenly to both directions."""
    frequency, sample = np.arange(t)[:, None], np.arange(u)[None, :]
    matrix: Matrix = np.sqrt(2 / u) * np.cos(np.pi / u * (frequency + 0.5) * (sample + 0.5))
    return matrix


def haar(t: int, u: int) -> Matrix:
    """The t coarsest rows of the orthonormal Haar transform. Row 0 is the mean; the others go from coarse to fine and,
    within a scale, from left to right. Where u is no power of two, an odd stretch is cut so that its left part is the
    longer by one, and the row weighs its parts by their lengths (the unbalanced Haar transform)."""
    rows = [np.full(u, u**-0.5)]
    stretches = [(0, u)]
    while len(rows) < t:
        parts = []
        for start, length in stretches:
            if length == 1:
                continue
            left = (length + 1) // 2
            right = length - left
            row = np.zeros(u)
            row[start : start + left] = (right / (left * length)) ** 0.5
            row[start + left : start + length] = -((left / (right * length)) ** 0.5)
            rows.append(row)
            parts += [(start, left), (start + left, right)]
        stretches = parts
    return np.stack(rows[:t])


def bilinear(t: int, u: int) -> Matrix:
    """Linear interpolation from t to u samples, pixel centres aligned at (i + 1/2) / t, edges repeated. Separable use
    on height and width is bilinear interpolation as image libraries define it (no aligned corners, no antialias)."""
    position = np.clip((np.arange(u) + 0.5) * t / u - 0.5, 0, t - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, t - 1)
    matrix = np.zeros((t, u))
    np.add.at(matrix, (low, np.arange(u)), 1 - (position - low))
    np.add.at(matrix, (high, np.arange(u)), position - low)
    return matrix


# Of every name in `named_bases.NAMES`.
BASES: dict[str, Callable[[int, int], Matrix]] = {
    "identity": identity,
    "dct": dct,
    "dct4": dct4,
    "haar": haar,
    "bilinear": bilinear,
}


def basis(name: str, t: int, u: int) -> Matrix:
    """The matrix [t, u] of a name in `BASES`, read-only. Raises what `named_bases.check` raises."""
    check(name, t, u)
    # Encoding asks for the same small ones at every step; large ones, which a file may name, are not kept.
    return _kept(name, t, u) if t * u <= 1 << 16 else BASES[name](t, u)


@functools.lru_cache(maxsize=64)
def _kept(name: str, t: int, u: int) -> Matrix:
    matrix = BASES[name](t, u)
    matrix.setflags(write=False)
    return matrix
