"""The work that is timed: one iteration of trajectory matching, all made from a seed, so that it needs no data.

FreD's form at IPC 1 of CIFAR-10 (16 images of 64 coefficients a channel and class), its masks from images that are
smooth as photographs are; the student starts from a new ConvNet, whose expert went a little way in any direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.parameterizations.base import RealImages
from nsdcodec.encoding.parameterizations.fred import FreD
from nsdcodec.errors import InvalidSetting
from nsdcodec.format import synthesis
from nsdcodec.format.bases import dct
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import MAX_IMAGES, Layout
from nsdcodec.format.recipe import NetworkSpec, Normalization
from nsdcodec.learning import networks
from nsdcodec.learning.compute import Compute, Precision
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Split
from nsdcodec.system.randomness import stream

CLASSES, SIDE = 10, 32
# FreD's own for CIFAR-10 at IPC 1, and where its learned student rate begins.
COEFFICIENTS, STUDENT_RATE = 64, 0.01
AUGMENTATION = "color_crop_cutout_flip_scale_rotate"
# How far an expert went, a weight, and the images from which a class's mask is chosen.
EXPERT_STEP, MASK_IMAGES = 1e-3, 50
SEED = 0


@dataclass(frozen=True)
class Work:
    """A student's `steps`, each on all `images`, as FreD does: a ConvNet of `depth` and `width`, 32 x 32 in colour. Ten
    classes, or as many as images where those are fewer. Raises InvalidSetting."""

    images: int = 160
    steps: int = 50
    width: int = 128
    depth: int = 3

    def __post_init__(self) -> None:
        for name, least, most in (("images", 2, MAX_IMAGES), ("steps", 1, 1 << 20), ("width", 1, 1 << 16)):
            value = getattr(self, name)
            if not least <= value <= most:
                raise InvalidSetting(f"{name} is {value:,}; it must be {least} to {most:,}")
        if self.images % self.classes:
            raise InvalidSetting(
                f"images is {self.images}; FreD has as many of each of {CLASSES} classes: give a multiple of {CLASSES}"
            )
        if not 1 <= self.depth <= 5:
            raise InvalidSetting(f"depth is {self.depth}; of {SIDE} x {SIDE} pixels it must be 1 to 5")

    @property
    def classes(self) -> int:
        return min(CLASSES, self.images)

    @property
    def geometry(self) -> Geometry:
        return Geometry(self.classes, 3, SIDE, SIDE)

    @property
    def name(self) -> str:
        return f"{self.images} x {self.steps}"


@dataclass(frozen=True)
class Problem:
    """A work on a device: where all contenders begin. `arrays` has a `spectrum` that wants a gradient, as `rate` does;
    `start` and `end` are flat weights [P]."""

    work: Work
    context: Context
    layout: Layout
    arrays: dict[str, Tensor]
    labels: Tensor
    rate: Tensor
    start: Tensor
    end: Tensor

    @property
    def leaves(self) -> list[Tensor]:
        """What a gradient is wanted of."""
        return [self.arrays["spectrum"], self.rate]

    def draws(self, iteration: int) -> torch.Generator:
        """Of the augmentations: the same for every contender."""
        return stream(SEED, "bench step", iteration)


def problem(
    work: Work, device: torch.device, precision: Precision = "float32", dtype: torch.dtype = torch.float32
) -> Problem:
    """`precision` is of convolutions, as everywhere; `dtype` of all numbers: float64 for a reference."""
    form = FreD(images_per_class=work.images // work.classes, coefficients=COEFFICIENTS, init="noise")
    layout = form.layout(work.geometry, Budget.of(work.geometry, work.images))
    generator = stream(SEED, "bench step", "spectrum")
    real = RealImages(lambda labels: _photographs(len(labels), "draw"), lambda c: _photographs(MASK_IMAGES, "mask", c))
    arrays = form.initial(layout, real, generator)
    arrays = {role: _on(values, device, dtype) for role, values in arrays.items()}
    arrays["spectrum"].requires_grad_()
    context = _context(work, device, precision)
    start, end = (weights.to(device, dtype) for weights in _expert(work))
    rate = torch.tensor(STUDENT_RATE, dtype=dtype, device=device, requires_grad=True)
    return Problem(work, context, layout, arrays, synthesis.labels(layout, arrays, device), rate, start, end)


def _on(values: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    return values.to(device, dtype if values.is_floating_point() else values.dtype)


def _context(work: Work, device: torch.device, precision: Precision) -> Context:
    """Without real images, which trajectory matching does not look at."""
    none = Split(torch.zeros(0, 3, SIDE, SIDE, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
    real = RealData(none, work.classes, Normalization((0.5,) * 3, (0.25,) * 3), device)
    network = NetworkSpec("convnet", work.depth, work.width)
    return Context(work.geometry, real, "", network, AUGMENTATION, SEED, Compute(device, precision), Path("unused"))


def _expert(work: Work) -> tuple[Tensor, Tensor]:
    """Flat weights [P] where an expert stood and where it went, float32."""
    start = networks.flatten(networks.build(NetworkSpec("convnet", work.depth, work.width), work.geometry, SEED))
    return start, start + EXPERT_STEP * torch.randn(len(start), generator=stream(SEED, "bench step", "expert"))


def _photographs(count: int, *purpose: str | int) -> Tensor:
    """Images [count, 3, 32, 32] float32 of about unit variance, whose amplitudes fall with the frequency."""
    noise = torch.randn(count, 3, SIDE, SIDE, generator=stream(SEED, "bench step", *purpose))
    frequency = torch.arange(SIDE)[:, None] + torch.arange(SIDE)
    amplitudes = 1 / (1.0 + frequency)
    basis = torch.tensor(dct(SIDE, SIDE), dtype=torch.float32)
    return basis.T @ (noise * amplitudes / amplitudes.square().mean().sqrt()) @ basis
