"""The same mathematics by other means: named bases from scipy, torch and a recursion; images by one explicit einsum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray

from nsdcodec.format.layout import Layout
from nsdcodec.format.stored_types import ArraySpec

Matrix = NDArray[np.float64]


def dct(t: int, u: int) -> Matrix:
    return np.stack([scipy.fft.idct(np.eye(u)[i], norm="ortho") for i in range(t)])


def haar(t: int, u: int) -> Matrix:
    """Depth first: the difference of the means of the two parts of a stretch, at unit length, by depth and place."""
    found: list[tuple[int, int, Matrix]] = [(-1, 0, np.full(u, 1 / np.sqrt(u)))]

    def cut(depth: int, samples: NDArray[np.int64]) -> None:
        if len(samples) > 1:
            left, right = samples[: -(-len(samples) // 2)], samples[-(-len(samples) // 2) :]
            row = np.isin(np.arange(u), left) / len(left) - np.isin(np.arange(u), right) / len(right)
            found.append((depth, int(samples[0]), row / np.linalg.norm(row)))
            cut(depth + 1, left)
            cut(depth + 1, right)

    cut(0, np.arange(u))
    return np.stack([row for _, _, row in sorted(found, key=lambda entry: entry[:2])])[:t]


def haar_by_doubling(t: int, u: int) -> Matrix:
    """Of a power of two: H(2n) = [H(n) x (1, 1); I(n) x (1, -1)] / sqrt 2, from H(1) = 1."""
    matrix = np.ones((1, 1))
    while len(matrix) < u:
        matrix = np.concatenate([np.kron(matrix, [1, 1]), np.kron(np.eye(len(matrix)), [1, -1])]) / np.sqrt(2)
    return matrix[:t]


def bilinear(t: int, u: int) -> Matrix:
    units = torch.eye(t, dtype=torch.float64)[:, None]
    resized = torch.nn.functional.interpolate(units, size=u, mode="linear", align_corners=False)
    return resized[:, 0].numpy()


def dct4(t: int, u: int) -> Matrix:
    return np.stack([scipy.fft.idct(np.eye(u)[i], type=4, norm="ortho") for i in range(t)])


BASES = {"dct": dct, "dct4": dct4, "haar": haar, "bilinear": bilinear, "identity": lambda t, u: np.eye(t)}


def images(layout: Layout, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Every image, block after block, from the equation of spec/synthesis.md."""
    spectra = arrays["spectrum"].astype(np.float64)
    if "mask" in arrays:
        spectra = _placed(spectra, arrays["mask"])
    kernels = max([len(arrays[role]) for role in arrays if role.endswith("_kernel")], default=1)
    if layout.synthesis.pairing == "zip":
        pairs = [(i, i if kernels > 1 else 0) for i in range(len(spectra))]
    else:
        pairs = [(i, j) for i in range(len(spectra)) for j in range(kernels)]
    geometry = layout.geometry
    sizes = {"channel": geometry.channels, "height": geometry.height, "width": geometry.width}
    blocks = []
    for i, j in pairs:
        matrices = []
        for place, axis in enumerate(("batch", "channel", "height", "width")):
            kind = getattr(layout.synthesis, axis)
            t = spectra.shape[1 + place]
            if kind == "stored":
                own = arrays[f"{axis}_kernel"].astype(np.float64)
                matrices.append(own[j if len(own) > 1 else 0])
            else:
                matrices.append(BASES[kind](t, sizes.get(axis, t)))
        blocks.append(np.einsum("pqrs,pb,qc,rh,sw->bchw", spectra[i], *matrices))
    return np.concatenate(blocks)


def distributions(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Of soft labels, from the equation of spec/labels.md."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True).astype(np.float64))
    return raised / raised.sum(axis=1, keepdims=True)


def integers(values: NDArray[Any], spec: ArraySpec) -> NDArray[Any]:
    """The stored integers: of scaled types, given that the largest under each scale is the type's largest."""
    if not spec.dtype.startswith("int"):
        return values.astype(np.uint8 if spec.bits <= 8 else np.uint16)
    rows = values.astype(np.float64).reshape(spec.scales, -1)
    steps = np.abs(rows).max(axis=1, keepdims=True) / (2 ** (spec.bits - 1) - 1)
    return np.rint(rows / np.where(steps > 0, steps, 1)).astype(np.int8).reshape(spec.shape)


def labels(layout: Layout, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Classes int64 [N], or distributions float64 [N, classes]."""
    if layout.labels == "soft":
        return distributions(arrays["labels"])
    if layout.labels == "stored":
        return arrays["labels"].astype(np.int64)
    return np.array([n * layout.geometry.classes // layout.images for n in range(layout.images)], np.int64)


def _placed(coefficients: Matrix, mask: NDArray[np.bool_]) -> Matrix:
    """Coefficients [S, t1, t2, k] put, row by row, into the places of the masks: [S, t1, t2, t3, t4]."""
    placed = np.zeros((*coefficients.shape[:3], *mask.shape[1:]))
    for i in range(len(coefficients)):
        count = 0
        for row in range(mask.shape[1]):
            for column in range(mask.shape[2]):
                if mask[i if len(mask) > 1 else 0, row, column]:
                    placed[i, :, :, row, column] = coefficients[i, :, :, count]
                    count += 1
    return placed
