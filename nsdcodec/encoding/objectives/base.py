"""What an objective is: state made once, then a loss of the synthetic images at each iteration."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from nsdcodec.encoding.experts import Experts, ExpertSettings
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.recipe import NetworkSpec
from nsdcodec.format.synthesis import hard_labels
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.real import RealData
from nsdcodec.system.devices import on_device
from nsdcodec.system.randomness import seed_of, stream


@dataclass(frozen=True)
class Context:
    """What every objective may look at: the real training images, the network to distil with, and how to compute.
    `on_prepare` hears of a long preparation: what is made, and how far it is, 0 to 1. `draw` numbers the independent
    draws that an iteration averages (`draws`): each has a context of its own, which differs in its chance alone.
    `stands_for` int64 [n] on the CPU is the class that each synthetic image stands for, where images of a class are
    treated together: known before, so that no iteration waits for soft labels to say it. None: what the labels say.
    `classes` int64 on the CPU, ascending, are those that an iteration takes, where it takes some (None: all), and
    `drawn_of` is how many images each of these has in all, where an iteration takes some of them."""

    geometry: Geometry
    real: RealData
    source_sha256: str
    network: NetworkSpec
    augmentation: str
    seed: int
    compute: Compute
    experts_folder: Path
    on_prepare: Callable[[str, float], None] = lambda text, done: None
    draw: int = 0
    stands_for: Tensor | None = None
    drawn_of: tuple[int, ...] | None = None
    classes: Tensor | None = None

    @property
    def device(self) -> torch.device:
        return self.compute.device

    def stream(self, *purpose: str | int) -> torch.Generator:
        """The chance that this draw has for a purpose."""
        return stream(self.seed, *purpose, *self._of_draw)

    def new_network(self, *purpose: str | int) -> Network:
        """A network whose initial weights depend on the seed, the purpose and the draw."""
        seed = seed_of(self.seed, "network", *purpose, *self._of_draw)
        return networks.moved(networks.build(self.network, self.geometry, seed), self.device)

    def trained(self, settings: ExpertSettings, count: int, kind: str = "expert") -> Experts:
        """That many networks trained on the real images with these settings; those that are missing are made, and told
        of as of this kind."""
        experts = Experts(self.experts_folder, settings)
        done = itertools.count((count - len(experts.missing(count))) * settings.epochs + 1)
        experts.fill(
            count,
            self.geometry,
            self.real,
            self.compute,
            lambda expert, epoch: self.on_prepare(
                f"{kind} {expert + 1} of {count}, epoch {epoch}", next(done) / (count * settings.epochs)
            ),
            lambda others: self.on_prepare(
                f"other processes make the last {others} of {count} {kind}s", 1 - others / count
            ),
        )
        return experts

    def by_class(self, labels: Tensor) -> tuple[Tensor, list[int]]:
        """Places int64 [n], on the device, of the synthetic images of the first class that is taken, then of the next,
        and so on; and how many there are of each."""
        classes = hard_labels(labels).cpu() if self.stands_for is None else self.stands_for
        counts = torch.bincount(classes, minlength=self.geometry.classes)
        counts = counts if self.classes is None else counts[self.classes]
        return on_device(classes.argsort(stable=True), self.device), counts.tolist()

    def some(
        self, images: Tensor, labels: Tensor, most: int, generator: torch.Generator, classes_at_once: int = 0
    ) -> tuple[Context, Tensor, Tensor]:
        """At most `most` of the synthetic images that stand for each class (0: all), of `classes_at_once` classes (0:
        all), both drawn at random; with their labels, and a context that knows them. All as they are where all are
        taken."""
        parted = taken_classes(self.geometry, classes_at_once) < self.geometry.classes
        if not most and not parted:
            return self, images, labels
        classes = hard_labels(labels).cpu() if self.stands_for is None else self.stands_for
        drawn = torch.randperm(len(classes), generator=generator)
        drawn = drawn[classes[drawn].argsort(stable=True)]
        counts = torch.bincount(classes, minlength=self.geometry.classes).tolist()
        wanted = torch.arange(self.geometry.classes)
        if parted:
            wanted = torch.randperm(len(wanted), generator=generator)[:classes_at_once].sort().values
        of_class = drawn.split(counts)
        places = torch.cat([of_class[label][: most or None] for label in wanted.tolist()])
        there = on_device(places, self.device)
        context = replace(
            self,
            stands_for=classes[places],
            drawn_of=tuple(counts[label] for label in wanted.tolist()) if most else None,
            classes=wanted if parted else None,
        )
        return context, images[there], labels[there]

    @property
    def _of_draw(self) -> tuple[str | int, ...]:
        # The first draw is what it would be without others.
        return ("draw", self.draw) if self.draw else ()


@dataclass
class State:
    """What an objective carries from one iteration to the next. `learnable` is optimised beside the arrays, each at its
    own learning rate; `tensors` is all that a checkpoint must keep for the run to go on as if never stopped. `notes`
    are what the user should know of how it is computed."""

    context: Context
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
class Match:
    """How well the images match by an objective. `loss` is a scalar with a gradient; `student` the flat weights [P]
    that a network had after learning from the synthetic images, differentiable in them, None where the objective trains
    none; `network` that network's structure, or one that was matched, None where there is none. `terms` are what the
    loss is made of, by name, for the log; `notes` what was found at this iteration that the user should know."""

    loss: Tensor
    student: Tensor | None = None
    network: nn.Module | None = None
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemoryNeed:
    """What one draw of an objective takes beside the images, the arrays and the network, for `memory_plan`.

    `networks` is how many copies of the network's weights are kept from one iteration to the next, `steps` how many
    within one; `real_images` how many real ones go through the network together; `an_image` by how much more an image
    on its way through the network takes than with backward of a plain loss; `bytes` what else is taken, by a name of
    `remedies`, which say what to lower where that is too much.
    """

    networks: int = 0
    steps: int = 0
    real_images: int = 0
    an_image: int = 1
    bytes: Mapping[str, int] = field(default_factory=dict)
    remedies: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: MemoryNeed) -> MemoryNeed:
        """Of both, one after the other on the same images; what is kept adds up."""
        return MemoryNeed(
            self.networks + other.networks,
            self.steps + other.steps,
            max(self.real_images, other.real_images),
            max(self.an_image, other.an_image),
            {name: self.bytes.get(name, 0) + other.bytes.get(name, 0) for name in (*self.bytes, *other.bytes)},
            {**self.remedies, **other.remedies},
        )


def taken_classes(geometry: Geometry, at_once: int) -> int:
    """How many classes an iteration takes, with `at_once` of them (0: all)."""
    return min(at_once or geometry.classes, geometry.classes)


def taken(geometry: Geometry, images: int, most: int, classes_at_once: int = 0) -> int:
    """How many synthetic images an iteration takes with at most `most` of each class (0: all), of a set of so many
    whose classes have as many each."""
    classes = taken_classes(geometry, classes_at_once)
    there = math.ceil(images * classes / geometry.classes)
    return min(there, classes * most) if most else there


S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Objective(ABC, Generic[S]):
    """A subclass is frozen and its fields are its settings; what it carries from one iteration to the next is an S."""

    name: ClassVar[str]
    # Whether iterations change anything.
    trains: ClassVar[bool] = True

    @abstractmethod
    def prepare(self, context: Context) -> S:
        """Made once before the loop for each draw, and again on resume."""

    @abstractmethod
    def loss(self, state: S, images: Tensor, labels: Tensor, iteration: int) -> Match:
        """For all synthetic images [n, C, H, W], with their graph, and labels int64 [n], or soft ones
        [n, classes], whose rows are distributions and have their graph too. Random only in (seed, iteration, draw), by
        the streams of the state's context."""

    def learned_rate(self, state: S) -> float | None:
        """The student learning rate that was learned, for the file's recipe; None where none is."""
        return None

    def at_rate(self, rate: float) -> Objective[S]:
        """The same, with the student learning rate that it learns beginning at this one; itself where it learns
        none."""
        return self

    @property
    def expert_count(self) -> int:
        """How many expert trajectories it looks at, the first of `expert_trajectories`."""
        return 0

    def missing_experts(self, context: Context) -> int:
        """How many of these are still to be trained."""
        return 0

    def student_images(self, images: int) -> int:
        """How many images the steps of its student take together in an iteration, of a set of so many; 0 where it
        trains no student that is differentiated (`student.unroll`)."""
        return 0

    def passed_images(self, geometry: Geometry, images: int) -> int:
        """How many images, of a set of so many and real ones, pass through networks in an iteration for ordinary
        gradients (`learning.passes`)."""
        return 0

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        """For a set of so many images."""
        return MemoryNeed()

    def expert_trajectories(self, context: Context) -> Experts:
        """The expert trajectories to match; those that are missing are made. Raises InvalidSetting where it matches
        none."""
        raise InvalidSetting(
            f"the objective {self.name} matches no expert trajectories; take one that does: mtt or tgdd"
        )
