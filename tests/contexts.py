"""What the tests of learning and encoding start from: an easy toy source, a Context in float64, a parameterization."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.objectives.base import Context
from nsdcodec.encoding.objectives.student import Student
from nsdcodec.encoding.parameterizations.base import Parameterization, RealImages
from nsdcodec.format import synthesis
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout, Synthesis
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.learning.base import Network
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.networks import ConvNet
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Source, Split

TINY = NetworkSpec(depth=1, width=4)
CPU = torch.device("cpu")


def toy_split(geometry: Geometry, per_class: int, seed: int, noise: float = 25.0) -> Split:
    """Images that any network tells apart: a pattern for each class, the same for every seed, and noise on it."""
    patterns = torch.randint(40, 216, (geometry.classes, *image_shape(geometry)), generator=seeded(99))
    labels = torch.arange(geometry.classes).repeat_interleave(per_class)
    images = patterns[labels] + noise * torch.randn(len(labels), *image_shape(geometry), generator=seeded(seed))
    return Split(images.round().clamp(0, 255).to(torch.uint8), labels)


def toy_source(
    geometry: Geometry, train: int = 12, test: int | None = 6, augmentation: str = "none", noise: float = 25.0
) -> Source:
    """`train` and `test` images a class; a `test` of None is no test set."""
    names = tuple(f"class {label}" for label in range(geometry.classes))
    tested = None if test is None else toy_split(geometry, test, 2, noise)
    return Source("toy", names, toy_split(geometry, train, 1, noise), tested, augmentation)


def real_data(source: Source) -> RealData:
    return RealData(source.train, len(source.classes), source.normalization, CPU)


def image_shape(geometry: Geometry) -> tuple[int, int, int]:
    return (geometry.channels, geometry.height, geometry.width)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class DoubleReal(RealData):
    """Real images in float64, so that finite differences have digits to show."""

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        images, labels = super().take(index)
        return images.double(), labels


class DoubleContext(Context):
    def new_network(self, *purpose: str | int) -> Network:
        return super().new_network(*purpose).double()

    def convnet(self, *purpose: str | int) -> ConvNet:
        network = self.new_network(*purpose)
        assert isinstance(network, ConvNet)
        return network


def double_context(
    geometry: Geometry,
    augmentation: str = "none",
    network: NetworkSpec = TINY,
    folder: Path = Path("nowhere"),
    per_class: int = 6,
    real: RealData | None = None,
) -> DoubleContext:
    source = toy_source(geometry, per_class)
    return DoubleContext(
        geometry=geometry,
        real=real or DoubleReal(source.train, geometry.classes, source.normalization, CPU),
        source_sha256=source.sha256,
        network=network,
        augmentation=augmentation,
        seed=5,
        compute=Compute(),
        experts_folder=folder,
    )


def student_of(context: Context, network: Network, steps: int, batch_size: int | None = None) -> Student:
    """One that learns as the context says."""
    return Student(network, steps, batch_size, context.augmentation, context.compute)


@dataclass(frozen=True)
class FixedExperts:
    """Stands in for `Experts`: weights float64 [experts, epochs, P] that the test chose."""

    trajectories: Tensor

    @property
    def settings(self) -> SimpleNamespace:
        return SimpleNamespace(rows=range(self.trajectories.shape[1]))

    def weights(self, expert: int, epoch: int) -> Tensor:
        return self.trajectories[expert, epoch]


@dataclass(frozen=True)
class Striped(Parameterization):
    """A form of its own in one class: one row of pixels an image, the same in all its rows but for a learned factor."""

    a_class: int = 2

    name: ClassVar[str] = "striped"

    def layout(self, geometry: Geometry, budget: Budget) -> Layout:
        images = (1, self.a_class * geometry.classes, geometry.channels, 1, geometry.width)
        shapes = {"spectrum": images, "height_kernel": (1, 1, geometry.height)}
        layout = self.laid_out(geometry, Synthesis(height="stored"), shapes)
        budget.require(self.name, layout.elements, layout.nbytes, "raise --ipc")
        return layout

    def initial(self, layout: Layout, real: RealImages, generator: torch.Generator) -> dict[str, Tensor]:
        rows = real.draw(synthesis.balanced_labels(layout)).mean(dim=2, keepdim=True)
        return {"spectrum": rows[None], "height_kernel": torch.ones(1, 1, layout.geometry.height)}
