"""The named matrices: bases that a file can name instead of storing.

Each is [t, u]: row i is what coefficient i adds to the u samples of an axis. In float64, so that the format has one
reference; the decoder rounds them to its own type.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nsdcodec.errors import UnknownName

Matrix = NDArray[np.float64]


def identity(t: int, u: int) -> Matrix:
    """Samples themselves. Needs t = u."""
    if t != u:
        raise ValueError(f"identity needs as many coefficients as samples: {t} and {u}")
    return np.eye(u)


def dct(t: int, u: int) -> Matrix:
    """The t lowest frequencies of the inverse DCT-II, orthonormal, so that a squared error in coefficients is one in
    pixels. Departs from NSD Eq. 4, whose half-sample shift on both indices is a DCT-IV."""
    _at_most(t, u)
    frequency, sample = np.arange(t)[:, None], np.arange(u)[None, :]
    matrix: Matrix = np.sqrt(2 / u) * np.cos(np.pi / u * frequency * (sample + 0.5))
    matrix[0] /= np.sqrt(2)
    return matrix


def haar(t: int, u: int) -> Matrix:
    """The t coarsest rows of the orthonormal Haar transform. Needs u a power of two. Row 0 is the mean; the others go
    from coarse to fine and, within a scale, from left to right."""
    _at_most(t, u)
    if u & (u - 1):
        raise ValueError(f"haar needs a power of two of samples, not {u}")
    rows = [np.full(u, u**-0.5)]
    length = u
    while length > 1:
        for start in range(0, u, length):
            row = np.zeros(u)
            row[start : start + length // 2] = length**-0.5
            row[start + length // 2 : start + length] = -(length**-0.5)
            rows.append(row)
        length //= 2
    return np.stack(rows[:t])


def bilinear(t: int, u: int) -> Matrix:
    """Linear interpolation from t to u samples, pixel centres aligned at (i + 1/2) / t, edges repeated. Separable use
    on height and width is bilinear interpolation as image libraries define it (no aligned corners, no antialias)."""
    _at_most(t, u)
    position = np.clip((np.arange(u) + 0.5) * t / u - 0.5, 0, t - 1)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, t - 1)
    matrix = np.zeros((t, u))
    np.add.at(matrix, (low, np.arange(u)), 1 - (position - low))
    np.add.at(matrix, (high, np.arange(u)), position - low)
    return matrix


BASES: dict[str, Callable[[int, int], Matrix]] = {"identity": identity, "dct": dct, "haar": haar, "bilinear": bilinear}


def basis(name: str, t: int, u: int) -> Matrix:
    """The matrix [t, u] of a name in `BASES`. Raises UnknownName; ValueError where the sizes do not fit the name."""
    if name not in BASES:
        raise UnknownName("basis", name, BASES)
    return BASES[name](t, u)


def _at_most(t: int, u: int) -> None:
    if not 1 <= t <= u:
        raise ValueError(f"{t} coefficients for {u} samples: need 1 to {u}")
