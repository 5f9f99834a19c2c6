"""The real images that a set begins as. A class that has too few gives them again, jittered."""

from __future__ import annotations

import torch
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.encoding import coresets
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.parameterizations.base import RealImages
from nsdcodec.encoding.settings import Settings
from nsdcodec.format import synthesis
from nsdcodec.format.layout import Layout
from nsdcodec.system.devices import on_device

# How far a repeated image is shifted, as a share of its side, and by how much its contrast is changed.
SHIFT, CONTRAST = 1 / 8, 0.1


def real_images(settings: Settings, layout: Layout, context: Context, generator: torch.Generator) -> RealImages:
    """What initial values are made from: random images of each class, or those that a coreset ranks first, each once
    before any comes again. What comes again is `jittered`, since images that begin alike stay alike."""
    kind, real = settings.parameterization.init, context.real
    ranking: list[Tensor] | None = None
    if kind in coresets.KINDS:
        ranking = coresets.ranking(kind, context, int(_wanted(layout).max()), settings.coreset)
    sizes = torch.tensor([len(members) for members in real.members])

    def draw(labels: Tensor) -> Tensor:
        labels = labels.cpu()
        images = real.of_labels(labels, generator) if ranking is None else real.ranked(labels, ranking)
        again = (_occurrence(labels) >= sizes[labels]).nonzero().flatten()
        if len(again):
            places = on_device(again, images.device)
            mirror = "flip" in augmentation.operations(context.augmentation)
            images[places] = jittered(images[places], mirror, generator)
        return images

    return RealImages(draw, real.of_class)


def notes(settings: Settings, layout: Layout, context: Context, classes: tuple[str, ...]) -> list[str]:
    """Says of the class with the fewest images that they come again, where they do."""
    if settings.parameterization.init == "noise":
        return []
    sizes, wanted = torch.tensor([len(members) for members in context.real.members]), _wanted(layout)
    short = int((wanted - sizes).argmax())
    if wanted[short] <= sizes[short]:
        return []
    return [
        f"class {classes[short]!r} has {int(sizes[short]):,} training images (without those held out), and "
        f"{int(wanted[short]):,} of the set begin as real ones: they begin as these more than once, slightly shifted; "
        "more real images or a lower --ipc may do better"
    ]


def jittered(images: Tensor, mirror: bool, generator: torch.Generator) -> Tensor:
    """Images [n, C, H, W], each shifted by up to an eighth of its sides (its edges are reflected), of a contrast up to
    a tenth higher or lower, and mirrored or not, where it may be (`mirror`)."""
    n, channels, height, width = images.shape
    flips = torch.rand(n, generator=generator) < 0.5
    rows, columns = (_shifted(side, n, generator) for side in (height, width))
    if mirror:
        columns = torch.where(flips[:, None], columns.flip(1), columns)
    contrast = 1 + CONTRAST * (2 * torch.rand(n, 1, 1, 1, generator=generator) - 1)
    rows, columns, contrast = (on_device(values, images.device) for values in (rows, columns, contrast))
    batch, channel = (torch.arange(size, device=images.device) for size in (n, channels))
    moved = images[batch[:, None, None, None], channel[:, None, None], rows[:, None, :, None], columns[:, None, None]]
    means = moved.mean(dim=(1, 2, 3), keepdim=True)
    return means + contrast * (moved - means)


def _shifted(side: int, n: int, generator: torch.Generator) -> Tensor:
    """Places int64 [n, side] of an axis, each row shifted, reflected at the ends."""
    most = min(side - 1, max(1, round(SHIFT * side)))
    shifts = torch.randint(-most, most + 1, (n, 1), generator=generator)
    places = (torch.arange(side) + shifts).abs()
    return torch.where(places >= side, 2 * (side - 1) - places, places)


def _wanted(layout: Layout) -> Tensor:
    """How many images of each class the set has."""
    return torch.bincount(synthesis.balanced_labels(layout), minlength=layout.geometry.classes)


def _occurrence(labels: Tensor) -> Tensor:
    """How often the label of each place stood before it, int64 [n]."""
    order = labels.argsort(stable=True)
    counts = torch.bincount(labels)
    found = torch.empty_like(labels)
    found[order] = torch.arange(len(labels)) - (counts.cumsum(0) - counts)[labels[order]]
    return found
