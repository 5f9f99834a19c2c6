"""Guidance by real data around any objective (NSD Algorithm 1, lines 15 and 16): the student must also classify it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec import augmentation
from nsdcodec.errors import InvalidSetting
from nsdcodec.learning import networks
from nsdcodec.objectives.base import Objective, State, Step, World
from nsdcodec.objectives.student import cross_entropy_in_parts, unroll


@dataclass(frozen=True)
class Guided(Objective):
    """Adds `weight` (gamma) times the cross-entropy of the student's last weights on `real_batch` real images.

    The student is the objective's own where it trains one (mtt). Where it trains none (dm), one takes `steps` steps of
    `rate` on the synthetic images from the weights of the objective's network: a departure, since the paper guides
    trajectory matching only.
    """

    objective: Objective
    weight: float
    real_batch: int = 256
    steps: int = 1
    rate: float = 0.1

    name: ClassVar[str] = "guided"

    def __post_init__(self) -> None:
        if not self.weight > 0 or self.real_batch < 1 or self.steps < 1 or not self.rate > 0:
            raise InvalidSetting(
                f"guidance: weight {self.weight}, real_batch {self.real_batch}, steps {self.steps}, rate {self.rate}; "
                "they must all be above 0"
            )

    def prepare(self, world: World) -> State:
        return self.objective.prepare(world)

    def loss(self, state: State, images: Tensor, labels: Tensor, iteration: int) -> Step:
        world = state.world
        generator = world.stream("guidance", iteration)
        step = self.objective.loss(state, images, labels, iteration)
        assert step.network is not None
        student = step.student
        if student is None:
            start, rate = networks.flatten(step.network), torch.full((), self.rate, device=world.device)
            student = unroll(world, step.network, start, images, labels, rate, self.steps, None, generator)
        real, wanted = world.real.batch(self.real_batch, generator)
        real = augmentation.apply(real, augmentation.draw(world.augmentation, len(real), generator))
        guidance = cross_entropy_in_parts(world, step.network, student, real, wanted)
        parts = {self.objective.name: step.loss.detach(), "guidance": guidance.detach()}
        return Step(step.loss + self.weight * guidance, student, step.network, parts)

    def learned_rate(self, state: State) -> float | None:
        return self.objective.learned_rate(state)
