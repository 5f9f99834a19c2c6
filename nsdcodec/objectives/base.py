"""What an objective is: state made once, then a loss of the synthetic images at each iteration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from nsdcodec.container.header import NetworkSpec
from nsdcodec.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.real import RealData
from nsdcodec.randomness import seed_of, stream
from nsdcodec.synthesis import hard_labels, on_device


@dataclass(frozen=True)
class World:
    """What every objective may look at: the real training images, the network to distil with, and how to compute.
    `images_at_once` is how many may go through the network together, with what backward needs of them; None is all.
    `on_prepare` hears of a long preparation: what is made, and how far it is, 0 to 1. `draw` numbers the independent
    draws that an iteration averages (`draws`): each has a World of its own, which differs in its chance alone.
    `stands_for` int64 [n] on the CPU is the class that each synthetic image stands for, where images of a class are
    treated together: known before, so that no iteration waits for soft labels to say it. None: what the labels say."""

    geometry: Geometry
    real: RealData
    source_sha256: str
    network: NetworkSpec
    augmentation: str
    seed: int
    device: torch.device
    precision: str
    experts_folder: Path
    on_prepare: Callable[[str, float], None] = lambda text, done: None
    draw: int = 0
    images_at_once: int | None = None
    stands_for: Tensor | None = None

    def stream(self, *purpose: str | int) -> torch.Generator:
        """The chance that this draw has for a purpose."""
        return stream(self.seed, *purpose, *self._of_draw)

    def new_network(self, *purpose: str | int) -> Network:
        """A network whose initial weights depend on the seed, the purpose and the draw."""
        seed = seed_of(self.seed, "network", *purpose, *self._of_draw)
        return networks.moved(networks.build(self.network, self.geometry, seed), self.device)

    def by_class(self, labels: Tensor) -> tuple[Tensor, list[int]]:
        """Places int64 [n], on the device, of the synthetic images of class 0, then of class 1, and so on; and how many
        there are of each class."""
        classes = hard_labels(labels).cpu() if self.stands_for is None else self.stands_for
        counts = torch.bincount(classes, minlength=self.geometry.classes).tolist()
        return on_device(classes.argsort(stable=True), self.device), counts

    @property
    def _of_draw(self) -> tuple[str | int, ...]:
        # The first draw is what it would be without others.
        return ("draw", self.draw) if self.draw else ()


@dataclass
class State:
    """What an objective carries from one iteration to the next. `learnable` is optimised beside the arrays, each at its
    own learning rate; `tensors` is all that a checkpoint must keep for the run to go on as if never stopped. `notes`
    are what the user should know of how it is computed."""

    world: World
    learnable: dict[str, Tensor] = field(default_factory=dict)
    learning_rates: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def tensors(self) -> dict[str, Tensor]:
        return {}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes back what `tensors` gave."""

    def constrain(self) -> None:
        """Puts learnable values back into their range after a step."""


@dataclass(frozen=True)
class Step:
    """`loss` is a scalar with a gradient; `student` the flat weights [P] that a network had after learning from the
    synthetic images, differentiable in them, and `network` its structure: None where the objective trains none.
    `parts` are what the loss is made of, by name, for the log."""

    loss: Tensor
    student: Tensor | None = None
    network: nn.Module | None = None
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective(ABC):
    name: ClassVar[str]

    @abstractmethod
    def prepare(self, world: World) -> State:
        """Made once before the loop for each draw, and again on resume."""

    @abstractmethod
    def loss(self, state: State, images: Tensor, labels: Tensor, iteration: int) -> Step:
        """For all synthetic images [n, C, H, W], with their graph, and labels int64 [n], or soft ones
        [n, classes], whose rows are distributions and have their graph too. Random only in (seed, iteration, draw), by
        the streams of the state's world."""

    def learned_rate(self, state: State) -> float | None:
        """The student learning rate that was learned, for the file's recipe; None where none is."""
        return None
