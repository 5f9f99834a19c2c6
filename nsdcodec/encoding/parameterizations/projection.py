"""Initial values from real images: their coefficients in a basis of height and width, or as a product of two
factors."""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.format.bases import basis


def named(name: str, t: int, u: int) -> Tensor:
    """The basis [t, u] as float32."""
    return torch.tensor(basis(name, t, u)).float()


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
