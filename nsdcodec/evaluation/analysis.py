"""Why a distilled set can be small: how similar real images of a class are, along each dimension and in frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsdcodec.errors import InvalidSetting, InvalidSource, UnknownName
from nsdcodec.sources.base import Source, normalize
from nsdcodec.system.packages import package
from nsdcodec.system.randomness import stream

Floats = NDArray[np.float64]

DIMENSIONS = ("batch", "channel", "height", "width")


@dataclass(frozen=True, eq=False)
class Dimension:
    """One dimension of a tensor, with n slices. `similarity` [n, n] is the cosine of each pair of slices, -1 to 1, and
    0 for a slice of zeros. `explained` [r] is the share, 0 to 1, of the tensor's squares that the best approximation of
    rank 1, 2, ... r of its unfolding along this dimension keeps: the cumulative squares of the singular values. r is
    the shorter side of the unfolding. A kernel of NSD (Eq. 2) with as many rows can keep no more."""

    similarity: Floats
    explained: Floats

    def mean_similarity(self, distance: int | None = None) -> float:
        """The mean over all pairs of slices, or over those that are `distance` apart; nan if there are none."""
        n = len(self.similarity)
        first, second = np.triu_indices(n, 1) if distance is None else (np.arange(n - distance), np.arange(distance, n))
        return float(self.similarity[first, second].mean()) if len(first) else float("nan")

    def rank(self, share: float) -> int:
        """The smallest rank that keeps this share of the squares."""
        # The last of the sums may fall short of 1 by rounding.
        return min(int(np.searchsorted(self.explained, share)) + 1, len(self.explained))


@dataclass(frozen=True, eq=False)
class Analysis:
    """`dimensions` by the names in DIMENSIONS. `frequencies` [H, W] is FreD's explained variance ratio: the share of
    the images' variance that each frequency of the orthonormal DCT-II has, row 0 and column 0 lowest; it sums to 1."""

    shape: tuple[int, int, int, int]
    dimensions: Mapping[str, Dimension]
    frequencies: Floats

    def kept(self) -> Floats:
        """The share of the variance that the 1, 2, ... H W frequencies of highest variance keep."""
        kept: Floats = np.cumsum(np.sort(self.frequencies, axis=None)[::-1])
        return kept

    def fractions(self) -> tuple[int, int]:
        """A sixteenth and a quarter of the frequencies, at least 1: what FreD keeps of CIFAR-10 at IPC 1 and 50."""
        return max(1, self.frequencies.size // 16), max(1, self.frequencies.size // 4)


def class_images(source: Source, name: str | None = None, most: int = 1000, seed: int = 0) -> Tensor:
    """Random training images [n, C, H, W] of one class (the first, if no name is given), float32 in normalised units;
    all images of the class if it has at most `most`. The same for the same seed.

    Raises UnknownName for a class, and InvalidSetting for `most` below 2.
    """
    if most < 2:
        raise InvalidSetting(f"{most} images to analyse; pairs are compared, so it must be at least 2")
    chosen = source.classes[0] if name is None else name
    if chosen not in source.classes:
        raise UnknownName("class", chosen, source.classes)
    members = (source.train.labels == source.classes.index(chosen)).nonzero().flatten()
    order = torch.randperm(len(members), generator=stream(seed, "analysis", chosen))
    return normalize(source.train.images[members[order[:most]]], source.normalization)


def analyze(images: Tensor) -> Analysis:
    """Analyses images [B, C, H, W], of any float type, on the CPU.

    The similarity is that of NSD's Fig. 4, whose definition is not published. Here, slice i along a dimension is the
    tensor at index i of it, as a vector, and no mean is subtracted but that of the normalisation. The variance is that
    of FreD (section 3.2): the variance of each coefficient over the images. Here it is summed over the channels, since
    a mask keeps a frequency in all of them; FreD's repository averages the channels first.

    Raises InvalidSource if no two images differ, and MissingData without scipy.
    """
    tensor = images.numpy()
    coefficients = package("scipy.fft").dctn(tensor, axes=(2, 3), norm="ortho")
    variance: Floats = coefficients.var(axis=0, dtype=np.float64).sum(axis=0)
    # Against the squares, since equal images may differ by rounding in their coefficients.
    if not variance.sum() > 1e-12 * np.square(coefficients, dtype=np.float64).mean(axis=0).sum():
        raise InvalidSource(
            f"{len(tensor)} images, no two of which differ: they have no variance to explain; choose another class"
        )
    dimensions = {name: _dimension(tensor, axis) for axis, name in enumerate(DIMENSIONS)}
    batch, channels, height, width = tensor.shape
    return Analysis((batch, channels, height, width), dimensions, variance / variance.sum())


def _dimension(tensor: NDArray[np.floating], axis: int) -> Dimension:
    unfolding = np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1).astype(np.float64)
    # Its eigenvalues are the squared singular values of the unfolding, which is long and costs more to decompose.
    gram = unfolding @ unfolding.T
    norms = np.sqrt(np.diag(gram))
    scale = np.where(norms > 0, norms, 1)
    energies = np.clip(np.linalg.eigvalsh(gram)[::-1][: min(unfolding.shape)], 0, None)
    return Dimension(gram / np.outer(scale, scale), np.cumsum(energies) / energies.sum())
