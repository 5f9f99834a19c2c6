"""tgdd: the features of networks that were trained on the real data, at all ages (TGDD, with random ones as in DM).

Trajectory Guided Dataset Distillation matches the means of embeddings in snapshots of training, class by class, and has
the synthetic images classified right by later snapshots. A few networks alone are overfitted, so that some iterations
match a new random network, as `dm` does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.data.augmentation import Draw
from nsdcodec.encoding.experts import Experts, ExpertSettings
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, State, taken, taken_classes
from nsdcodec.encoding.objectives.embeddings import Statistics, check, distance, distance_need
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks, passes
from nsdcodec.learning.base import Network
from nsdcodec.learning.chunks import KnownGradient, ranges
from nsdcodec.system.devices import on_device

MOMENTUM = 0.9  # with which networks of few epochs are as far as those of many without
LEAST_STEPS = 50  # of an epoch, so that networks learn from few real images too


@dataclass
class SnapshotState(State):
    """`experts` are the trained networks; `matched` and `judge` take the weights of those that an iteration takes."""

    experts: Experts = field(kw_only=True)
    matched: Network = field(kw_only=True)
    judge: Network = field(kw_only=True)


@dataclass(frozen=True)
class TrajectoryGuided(Objective[SnapshotState]):
    """The distance of DM, with `real_per_class` real images for each class and at most `synthetic_per_class` synthetic
    ones, drawn anew (0: all), of `classes_at_once` classes, drawn anew (0: all), in a snapshot of one of `experts`
    networks, after 0 to `epochs` epochs of training; in a share `random` of iterations in a new random network instead.
    And `alpha` times the cross-entropy of these synthetic images, summed over classes as the distance is, in a snapshot
    of the same network at most `window` epochs later; beside a random network, of any network at any age from 1 on. The
    distance is that of means, or by `statistics` that of characteristic functions (NCFM, CVPR 2025). An epoch is one
    pass over the real images or, where these are few, so many as take LEAST_STEPS.

    Departures from the paper: random networks, and few epochs of training, with momentum.
    """

    name: ClassVar[str] = "tgdd"

    real_per_class: int = 64
    synthetic_per_class: int = 0
    experts: int = 5
    epochs: int = 10
    random: float = 0.5
    alpha: float = 1.0
    window: int = 6
    statistics: Statistics = "mean"
    classes_at_once: int = 0

    def __post_init__(self) -> None:
        for name, least in (
            ("real_per_class", 1),
            ("synthetic_per_class", 0),
            ("classes_at_once", 0),
            ("experts", 1),
            ("epochs", 1),
            ("window", 0),
        ):
            if getattr(self, name) < least:
                raise InvalidSetting(f"tgdd: {name} is {getattr(self, name)}; it must be at least {least}")
        if not 0 <= self.random <= 1:
            raise InvalidSetting(f"tgdd: random is {self.random}; it is a share, 0 to 1")
        if not self.alpha >= 0:
            raise InvalidSetting(f"tgdd: alpha is {self.alpha}; it must be at least 0")
        check(self.name, self.statistics)

    @property
    def expert_count(self) -> int:
        return self.experts

    def missing_experts(self, context: Context) -> int:
        return len(Experts(context.experts_folder, self.expert_settings(context)).missing(self.experts))

    def expert_settings(self, context: Context) -> ExpertSettings:
        repeats = _passes_an_epoch(context)
        return ExpertSettings(
            context.source_sha256,
            context.network,
            context.augmentation,
            self.epochs * repeats,
            momentum=MOMENTUM,
            seed=context.seed,
            precision=context.compute.precision,
            kept=None if repeats == 1 else tuple(range(0, self.epochs * repeats + 1, repeats)),
        )

    def expert_trajectories(self, context: Context) -> Experts:
        return context.trained(self.expert_settings(context), self.experts)

    def prepare(self, context: Context) -> SnapshotState:
        experts = self.expert_trajectories(context)
        matched, judge = (context.new_network("snapshot").requires_grad_(False) for _ in range(2))
        return SnapshotState(context, experts=experts, matched=matched, judge=judge)

    def passed_images(self, geometry: Geometry, images: int) -> int:
        return self._real(geometry) + (2 if self.alpha else 1) * self._synthetic(geometry, images)

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        need = distance_need(network, self._synthetic(geometry, images), self._real(geometry), self.statistics)
        # The passes for the distance and for the entropy wait for backward together.
        return need | MemoryNeed(an_image=2 if self.alpha else 1)

    def _real(self, geometry: Geometry) -> int:
        """Images of an iteration; so below."""
        return taken_classes(geometry, self.classes_at_once) * self.real_per_class

    def _synthetic(self, geometry: Geometry, images: int) -> int:
        return taken(geometry, images, self.synthetic_per_class, self.classes_at_once)

    def loss(self, state: SnapshotState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        generator = state.context.stream("tgdd", iteration)
        context, images, labels = state.context.some(
            images, labels, self.synthetic_per_class, generator, self.classes_at_once
        )
        expert = int(torch.randint(self.experts, (1,), generator=generator))
        if float(torch.rand((), generator=generator)) < self.random:
            network, ages = context.new_network("tgdd", iteration).requires_grad_(False), range(1, self.epochs + 1)
        else:
            age = int(torch.randint(self.epochs + 1, (1,), generator=generator))
            network = _snapshot(state, state.matched, expert, age)
            first = max(age, 1)
            ages = range(first, min(first + self.window, self.epochs) + 1)
        apart = distance(context, network, images, labels, self.real_per_class, generator, self.statistics)
        if not self.alpha:
            return Match(apart, network=network)
        later = ages[int(torch.randint(len(ages), (1,), generator=generator))]
        judge = _snapshot(state, state.judge, expert, later)
        drawn = augmentation.draw(context.augmentation, len(images), generator)
        entropy = context.geometry.classes * _cross_entropy(context, judge, images, labels, drawn)
        terms = {"distance": apart.detach(), "entropy": entropy.detach()}
        return Match(apart + self.alpha * entropy, network=network, terms=terms)


def _passes_an_epoch(context: Context) -> int:
    """Over the real images."""
    steps = math.ceil(len(context.real) / ExpertSettings.batch_size)
    return math.ceil(LEAST_STEPS / steps)


def _snapshot(state: SnapshotState, network: Network, expert: int, age: int) -> Network:
    """The network with the weights of an expert at an age in epochs."""
    weights = on_device(state.experts.weights(expert, state.experts.settings.rows[age]), state.context.device)
    network.load_state_dict(networks.unflatten(network, weights))
    return network


def _cross_entropy(context: Context, network: Network, images: Tensor, labels: Tensor, drawn: Draw | None) -> Tensor:
    """Mean over the images, each augmented by its own numbers; where not all go through the network together, by chunks
    whose gradients are known before the next begins."""

    def part(start: int, some: Tensor, wanted: Tensor) -> Tensor:
        own = None if drawn is None else Draw(drawn.operation, drawn.uniform[start : start + len(some)])
        with context.compute.autocast():
            logits = passes.logits(network, augmentation.apply(some, own))
        return F.cross_entropy(logits.to(images.dtype), wanted, reduction="sum") / len(images)

    most = context.compute.images_at_once
    if len(images) <= (most or len(images)):
        return part(0, images, labels)
    inputs = [images, labels] if labels.is_floating_point() else [images]
    gradients = [torch.empty_like(given) for given in inputs]
    total = images.new_zeros(())
    for start, stop in ranges(len(images), most):
        own = [given.detach()[start:stop].requires_grad_() for given in inputs]
        found = part(start, own[0], own[1] if len(own) > 1 else labels[start:stop])
        for gradient, piece in zip(gradients, torch.autograd.grad(found, own), strict=True):
            gradient[start:stop] = piece
        total += found.detach()
    known: Tensor = KnownGradient.apply(total, gradients, *inputs)
    return known
