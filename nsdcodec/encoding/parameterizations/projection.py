"""Initial values from real images: their coefficients in a basis of height and width, or as a product of two
factors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nsdcodec.format.bases import basis


def named(name: str, t: int, u: int) -> Tensor:
    """The basis [t, u] as float32."""
    return torch.tensor(basis(name, t, u)).float()


def fourier(u: int) -> Tensor:
    """The real Fourier basis [u, u] of any length, orthonormal, float32: the mean; then of each frequency its cosine
    and its sine, from low to high; of an even length the highest frequency has a cosine alone. The format has no name
    for it, so that it is stored (spec/decisions/0015-a-fourier-basis-is-stored.md)."""
    turns = 2 * math.pi / u * torch.arange(u, dtype=torch.float64)
    rows = [torch.ones_like(turns) / math.sqrt(u)]
    for frequency in range(1, (u + 1) // 2):
        rows += [math.sqrt(2 / u) * (frequency * turns).cos(), math.sqrt(2 / u) * (frequency * turns).sin()]
    rows += [(u // 2 * turns).cos() / math.sqrt(u)] if u % 2 == 0 else []
    return torch.stack(rows).float()


def coefficients(images: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Coefficients [n, C, t3, t4] of images [n, C, H, W] in the kernels [t3, H] and [t4, W], by least squares."""
    values: Tensor = torch.linalg.pinv(height).mT @ images @ torch.linalg.pinv(width)
    return values


def energy(kernel: Tensor) -> float:
    """The mean square of a sample that unit-variance coefficients in the kernel [t, u] make."""
    return float(kernel.square().sum() / kernel.shape[1])


def factored(matrix: Tensor, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """slices [rank, D] and columns [rank, n] with columns' slices near the matrix [n, D]: its truncated SVD, the
    singular values shared out so that both factors have the same scale. Each component points where its images are on
    the whole: an SVD's own signs are arbitrary, and readings that share columns would start classes as negatives."""
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    signs = torch.where(u.sum(dim=0) < 0, -1.0, 1.0)
    u, v = u * signs, v * signs[:, None]
    kept = min(rank, len(s))
    balance = s[:kept].sqrt() * (matrix.shape[1] / matrix.shape[0]) ** 0.25
    slices = balance[:, None] * v[:kept]
    columns = (s[:kept] / balance)[:, None] * u[:, :kept].T
    if kept < rank:  # more slices than images: the rest start as faint noise
        extra = 0.01 * torch.randn(rank - kept, matrix.shape[1] + matrix.shape[0], generator=generator)
        slices = torch.cat([slices, extra[:, : matrix.shape[1]] * slices.std()])
        columns = torch.cat([columns, extra[:, matrix.shape[1] :] * columns.std()])
    return slices, columns
