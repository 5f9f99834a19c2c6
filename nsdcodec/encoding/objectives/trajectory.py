"""mtt: matching training trajectories (Cazenavette et al., CVPR 2022; NSD Algorithm 1 without its line 15).

A student starts where an expert stood, learns from synthetic images for some steps, and should arrive where the expert
was epochs later. The student's learning rate is learned too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from nsdcodec.encoding.experts import DTYPES, Experts, ExpertSettings, ExpertType
from nsdcodec.encoding.objectives import student
from nsdcodec.encoding.objectives.base import Context, Match, MemoryNeed, Objective, State
from nsdcodec.encoding.objectives.student import Student, keeps_graph, unroll
from nsdcodec.errors import InvalidSetting, UnknownName
from nsdcodec.format.geometry import Geometry
from nsdcodec.learning.base import Network
from nsdcodec.system.devices import on_device

LEAST_RATE = 1e-3  # a learned rate can wander below zero, where the student climbs


class TrajectoryState(State):
    """`experts` and the network's structure beside what every state has."""

    def __init__(self, context: Context, experts: Experts, rate: float, rate_learning_rate: float) -> None:
        super().__init__(context)
        self.experts = experts
        self.network: nn.Module = context.new_network("structure")
        if keeps_graph(self.network):
            self.notes = (
                f"mtt: {context.network.name} has no tangent written out, so the graph of every student step is kept, "
                "and memory grows with objective.student_steps",
            )
        self.learnable = {"student_rate": torch.tensor(rate, device=context.device, requires_grad=True)}
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
class TrajectoryMatching(Objective[TrajectoryState]):
    """`student_steps` on synthetic batches of `student_batch` (0: all images) against `expert_epochs` of one of
    `experts` networks, from a start epoch of `first_start` to `last_start` (later ones suit larger sets: DATM, ICLR
    2024). `student_rate` is where the learned rate begins;
    `rate_learning_rate` is what it is learned with: in the units of MTT under SGD, about the size of a step under Adam.
    `expert_dtype` is what experts are stored in: float16 takes half the disk and rounds a weight by up to 2^-11 of it.
    With an `expert_rho` above 0 they are flat: trained by ascent steps of that length and `expert_alpha`, as in FTD
    (CVPR 2023), which has 0.01 and 0.3.
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
    expert_dtype: ExpertType = "float32"
    expert_rho: float = 0.0
    expert_alpha: float = 0.3

    def __post_init__(self) -> None:
        if self.expert_dtype not in DTYPES:
            raise UnknownName("objective.expert_dtype", self.expert_dtype, DTYPES)
        for name in ("student_steps", "expert_epochs", "experts"):
            if getattr(self, name) < 1:
                raise InvalidSetting(f"mtt: {name} is {getattr(self, name)}; it must be at least 1")
        if not 0 <= self.first_start <= self.last_start:
            raise InvalidSetting(
                f"mtt: first_start is {self.first_start} and last_start {self.last_start}; 0 <= first <= last"
            )
        if not min(self.expert_rho, self.expert_alpha) >= 0:
            raise InvalidSetting(
                f"mtt: expert_rho is {self.expert_rho} and expert_alpha {self.expert_alpha}; both must be at least 0"
            )
        if self.student_batch < 0 or self.student_rate < LEAST_RATE:
            raise InvalidSetting(
                f"mtt: student_batch is {self.student_batch} and student_rate {self.student_rate}; they must be at "
                f"least 0 and {LEAST_RATE}"
            )

    def expert_settings(self, context: Context) -> ExpertSettings:
        """No epoch is trained after the last that is matched, and none stored that is neither start nor end."""
        starts = range(self.first_start, self.last_start + 1)
        kept = {*starts, *(start + self.expert_epochs for start in starts)}
        return ExpertSettings(
            context.source_sha256,
            context.network,
            context.augmentation,
            self.last_start + self.expert_epochs,
            seed=context.seed,
            precision=context.compute.precision,
            kept=tuple(sorted(kept)),
            dtype=self.expert_dtype,
            rho=self.expert_rho,
            alpha=self.expert_alpha,
        )

    def missing_experts(self, context: Context) -> int:
        return len(Experts(context.experts_folder, self.expert_settings(context)).missing(self.experts))

    def expert_trajectories(self, context: Context) -> Experts:
        return context.trained(self.expert_settings(context), self.experts)

    def prepare(self, context: Context) -> TrajectoryState:
        return TrajectoryState(context, self.expert_trajectories(context), self.student_rate, self.rate_learning_rate)

    def loss(self, state: TrajectoryState, images: Tensor, labels: Tensor, iteration: int) -> Match:
        """||student - expert's end||^2 / ||expert's start - expert's end||^2."""
        context = state.context
        generator = context.stream("mtt", iteration)
        expert = int(torch.randint(self.experts, (1,), generator=generator))
        epoch = int(torch.randint(self.first_start, self.last_start + 1, (1,), generator=generator))
        start, end = (
            on_device(state.experts.weights(expert, at), context.device) for at in (epoch, epoch + self.expert_epochs)
        )
        rate = state.learnable["student_rate"]
        given = Student(
            state.network, self.student_steps, self.student_batch or None, context.augmentation, context.compute
        )

        def matched(student: Student, images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
            last = unroll(student, start, images, labels, rate, generator)
            return (last - end).square().sum() / (start - end).square().sum(), last

        terms: dict[str, Tensor] = {}
        notes: tuple[str, ...] = ()
        if iteration == 0 and context.compute.precision == "bfloat16":
            in_float32 = replace(given, compute=replace(context.compute, precision="float32"))

            def loss_of(student: Student) -> Callable[[Tensor], Tensor]:
                return lambda own: matched(student, own, generator.clone_state())[0]

            cosine = _cosine(images.detach(), [loss_of(given), loss_of(in_float32)])
            terms["bfloat16_cosine"] = cosine
            notes = (
                f"mtt: at the first iteration, the gradient in bfloat16 had a cosine of {cosine:.4f} with float32's",
            )
        loss, last = matched(given, images, generator)
        return Match(loss, last, state.network, terms, notes)

    def at_rate(self, rate: float) -> TrajectoryMatching:
        return replace(self, student_rate=max(rate, LEAST_RATE))

    @property
    def expert_count(self) -> int:
        return self.experts

    def student_images(self, images: int) -> int:
        return self.student_steps * min(self.student_batch or images, images)

    def memory(self, network: Network, geometry: Geometry, images: int) -> MemoryNeed:
        return student.memory(network, geometry, self.student_steps, min(self.student_batch or images, images))

    def learned_rate(self, state: TrajectoryState) -> float | None:
        rate = float(state.learnable["student_rate"].detach())
        # Three digits: what the header shows is what it means.
        return round(rate, 3 - math.ceil(math.log10(rate)))


def _cosine(images: Tensor, losses: Iterable[Callable[[Tensor], Tensor]]) -> Tensor:
    """Of the gradients of two losses with respect to the images."""
    gradients = []
    for loss in losses:
        own = images.clone().requires_grad_()
        gradients.append(torch.autograd.grad(loss(own), own)[0].flatten())
    one, other = gradients
    cosine: Tensor = one @ other / (one.norm() * other.norm())
    return cosine
