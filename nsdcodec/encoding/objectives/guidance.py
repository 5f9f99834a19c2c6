"""Guidance by real data around any objective (NSD Algorithm 1, lines 15 and 16): the student must also classify it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from nsdcodec.data import augmentation
from nsdcodec.encoding.experts import Experts
from nsdcodec.encoding.objectives import student
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, S
from nsdcodec.encoding.objectives.student import Student, cross_entropy_in_chunks, unroll
from nsdcodec.errors import InvalidSetting
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning import networks
from nsdcodec.learning.base import Network


@dataclass(frozen=True)
class Guidance:
    """`weight` (gamma) times the cross-entropy of the student's last weights on `real_batch` real images; a weight of 0
    is no guidance. Where the objective trains no student, one takes `steps` steps of `rate`."""

    weight: float = 0.0
    real_batch: int = 256
    steps: int = 1
    rate: float = 0.1

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise InvalidSetting(f"guidance.weight is {self.weight}; it must be at least 0")
        for name in ("real_batch", "steps", "rate"):
            if not getattr(self, name) > 0:
                raise InvalidSetting(f"guidance.{name} is {getattr(self, name)}; it must be above 0")


@dataclass(frozen=True)
class Guided(Objective[S]):
    """The objective's loss, and guidance added to it.

    The student is the objective's own where it trains one (mtt). Where it trains none (dm), one learns from the
    synthetic images from the weights of the objective's network, or of a new one where it has none: a departure, since
    the paper guides trajectory matching only.
    """

    objective: Objective[S]
    guidance: Guidance

    name: ClassVar[str] = "guided"

    @property
    def expert_count(self) -> int:
        return self.objective.expert_count

    def prepare(self, context: Context) -> S:
        return self.objective.prepare(context)

    def loss(self, state: S, images: Tensor, labels: Tensor, iteration: int) -> Match:
        context, guidance = state.context, self.guidance
        generator = context.stream("guidance", iteration)
        match = self.objective.loss(state, images, labels, iteration)
        network = context.new_network("guidance", iteration) if match.network is None else match.network
        weights = match.student
        if weights is None:
            start, rate = networks.flatten(network), torch.full((), guidance.rate, device=context.device)
            own = Student(network, guidance.steps, None, context.augmentation, context.compute)
            weights = unroll(own, start, images, labels, rate, generator)
        real, wanted = context.real.batch(guidance.real_batch, generator)
        real = augmentation.apply(real, augmentation.draw(context.augmentation, len(real), generator))
        loss = cross_entropy_in_chunks(context.compute, network, weights, real, wanted)
        terms = {self.objective.name: match.loss.detach(), "guidance": loss.detach()}
        return replace(match, loss=match.loss + guidance.weight * loss, student=weights, terms={**match.terms, **terms})

    def learned_rate(self, state: S) -> float | None:
        return self.objective.learned_rate(state)

    def passed_images(self, geometry: Geometry, images: int) -> int:
        return self.objective.passed_images(geometry, images)

    def student_images(self, images: int) -> int:
        return self.objective.student_images(images) or images * self.guidance.steps

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        need = self.objective.memory(network, geometry, images)
        if not self.objective.student_images(images):
            need |= student.memory(network, geometry, self.guidance.steps, images)
        return need | MemoryNeed(real_images=self.guidance.real_batch)

    def missing_experts(self, context: Context) -> int:
        return self.objective.missing_experts(context)

    def expert_trajectories(self, context: Context) -> Experts:
        return self.objective.expert_trajectories(context)
