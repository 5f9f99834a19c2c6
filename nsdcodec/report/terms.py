"""What an image is the sum of, where images share slices of spectrum tensors: the slices, with their weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nsdcodec.format import synthesis
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.layout import Layout


@dataclass(frozen=True)
class Term:
    """`picture` is a slice of a spectrum tensor, multiplied along channel, height and width: float64 [C, H, W] in
    normalised units. Times `weight`, an entry of the batch kernel, it is a term of the image (NSD Eq. 1)."""

    slice: int
    weight: float
    picture: Tensor


def terms(file: NSDFile, image: int) -> list[Term]:
    """All terms of an image, the largest norm first; their sum is the image. None where the batch axis is no stored
    kernel, so that images share no slices."""
    layout = file.header.layout
    if layout.synthesis.batch != "stored":
        return []
    arrays = {
        role: synthesis.to_torch(values, torch.float64)
        for role, values in file.arrays.items()
        if role not in ("labels", "batch_kernel")
    }
    block, place = divmod(image, layout.images_per_block)
    spectrum, kernel = (block, block) if layout.synthesis.pairing == "zip" else divmod(block, layout.kernels)
    kernels = file.arrays["batch_kernel"]
    weights = kernels[kernel if len(kernels) > 1 else 0, :, place].tolist()
    # The same layout whose images are the slices themselves.
    sliced = Layout(
        layout.geometry,
        replace(layout.synthesis, batch="identity"),
        {role: layout.arrays[role] for role in arrays},
    )
    shared = layout.kernels if sliced.kernels == 1 else 1
    first = (block // shared if layout.synthesis.pairing == "product" else spectrum) * len(weights)
    made = synthesis.images(sliced, arrays, torch.arange(first, first + len(weights)))
    found = [Term(p, weight, picture) for p, (weight, picture) in enumerate(zip(weights, made, strict=True))]
    return sorted(found, key=lambda term: -abs(term.weight) * float(term.picture.norm()))
