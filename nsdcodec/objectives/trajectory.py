"""mtt: matching training trajectories (Cazenavette et al., CVPR 2022; NSD Algorithm 1 without its line 15).

A student starts where an expert stood, learns from synthetic images for some steps, and should arrive where the expert
was epochs later. The student's learning rate is learned too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from nsdcodec.errors import InvalidSetting
from nsdcodec.experts import Experts, ExpertSettings
from nsdcodec.objectives.base import Objective, State, Step, World
from nsdcodec.objectives.student import keeps_graph, unroll
from nsdcodec.randomness import stream

LEAST_RATE = 1e-3  # a learned rate can wander below zero, where the student climbs


class TrajectoryState(State):
    """`experts` and the network's structure beside what every state has."""

    def __init__(self, world: World, experts: Experts, rate: float, rate_learning_rate: float) -> None:
        super().__init__(world)
        self.experts = experts
        self.network: nn.Module = world.new_network("structure")
        if keeps_graph(self.network):
            self.notes = (
                f"mtt: {world.network.name} has no tangent written out, so the graph of every student step is kept, "
                "and memory grows with objective.student_steps",
            )
        self.learnable = {"student_rate": torch.tensor(rate, device=world.device, requires_grad=True)}
        self.learning_rates = {"student_rate": rate_learning_rate}

    def tensors(self) -> dict[str, Tensor]:
        return {"student_rate": self.learnable["student_rate"].detach()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            self.learnable["student_rate"].copy_(tensors["student_rate"])

    def constrain(self) -> None:
        with torch.no_grad():
            self.learnable["student_rate"].clamp_(min=LEAST_RATE)


@dataclass(frozen=True)
class TrajectoryMatching(Objective):
    """`student_steps` on synthetic batches of `student_batch` (0: all images) against `expert_epochs` of one of
    `experts` networks, from a start epoch of `first_start` to `last_start` (later ones suit larger sets: DATM, ICLR
    2024). `student_rate` is where the learned rate begins;
    `rate_learning_rate` is what it is learned with: in the units of MTT under SGD, about the size of a step under Adam.
    """

    name: ClassVar[str] = "mtt"

    student_steps: int = 50
    expert_epochs: int = 2
    last_start: int = 5
    student_batch: int = 0
    student_rate: float = 0.01
    rate_learning_rate: float = 1e-5
    experts: int = 100
    first_start: int = 0

    def __post_init__(self) -> None:
        for name in ("student_steps", "expert_epochs", "experts"):
            if getattr(self, name) < 1:
                raise InvalidSetting(f"mtt: {name} is {getattr(self, name)}; it must be at least 1")
        if not 0 <= self.first_start <= self.last_start:
            raise InvalidSetting(
                f"mtt: first_start is {self.first_start} and last_start {self.last_start}; 0 <= first <= last"
            )
        if self.student_batch < 0 or self.student_rate < LEAST_RATE:
            raise InvalidSetting(
                f"mtt: student_batch is {self.student_batch} and student_rate {self.student_rate}; they must be at "
                f"least 0 and {LEAST_RATE}"
            )

    def expert_settings(self, world: World) -> ExpertSettings:
        return ExpertSettings(
            world.source_sha256,
            world.network,
            world.augmentation,
            self.last_start + self.expert_epochs,
            seed=world.seed,
            precision=world.precision,
        )

    def experts_of(self, world: World) -> Experts:
        """The trajectories to match; those that are missing are made."""
        experts = Experts(world.experts_folder, self.expert_settings(world))
        experts.fill(
            self.experts,
            world.geometry,
            world.real,
            lambda expert, epoch: world.on_prepare(
                f"expert {expert + 1} of {self.experts}, epoch {epoch}", expert / self.experts
            ),
            world.images_at_once,
        )
        return experts

    def prepare(self, world: World) -> TrajectoryState:
        return TrajectoryState(world, self.experts_of(world), self.student_rate, self.rate_learning_rate)

    def loss(self, state: State, images: Tensor, labels: Tensor, iteration: int) -> Step:
        """||student - expert's end||^2 / ||expert's start - expert's end||^2."""
        assert isinstance(state, TrajectoryState)
        world = state.world
        generator = stream(world.seed, "mtt", iteration)
        expert = int(torch.randint(self.experts, (1,), generator=generator))
        epoch = int(torch.randint(self.first_start, self.last_start + 1, (1,), generator=generator))
        start = state.experts.weights(expert, epoch).to(world.device)
        end = state.experts.weights(expert, epoch + self.expert_epochs).to(world.device)
        student = unroll(
            world,
            state.network,
            start,
            images,
            labels,
            state.learnable["student_rate"],
            self.student_steps,
            self.student_batch or None,
            generator,
        )
        loss = (student - end).square().sum() / (start - end).square().sum()
        return Step(loss, student, state.network)

    def learned_rate(self, state: State) -> float | None:
        rate = float(state.learnable["student_rate"].detach())
        # Three digits: what the header shows is what it means.
        return round(rate, 3 - math.ceil(math.log10(rate)))
