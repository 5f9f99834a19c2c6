"""A job under way, and how it begins: what is optimised, from which values, by which optimizer. Under `encoder`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from nsdcodec import coresets, synthesis
from nsdcodec import job as jobs
from nsdcodec.draws import Draws
from nsdcodec.errors import InvalidSource
from nsdcodec.job import Job
from nsdcodec.layout import Layout
from nsdcodec.learning.real import RealData
from nsdcodec.memory_plan import MemoryPlan
from nsdcodec.objectives.base import State, World
from nsdcodec.parameterizations.base import RealImages, initial_arrays
from nsdcodec.progress import Clock, Log, Progress
from nsdcodec.randomness import stream
from nsdcodec.ranks import Ranks
from nsdcodec.settings import Settings
from nsdcodec.sources.base import Source, Split

Listener = Callable[[Progress], None]


@dataclass
class Run:
    """A job under way: what it optimises, what judges it, and how far it is."""

    job: Job
    layout: Layout
    world: World
    memory: MemoryPlan
    held_out: Split
    arrays: dict[str, Tensor]
    draws: Draws
    optimizer: torch.optim.Optimizer
    clock: Clock
    log: Log
    listen: Listener
    saved: float = field(default_factory=time.monotonic)
    iteration: int = 0
    checked: int = -1
    skipped: int = 0
    skipped_in_a_row: int = 0
    best_accuracy: float = -1.0
    best_iteration: int = 0
    best_rate: float | None = None
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Tensor]:
        learned = {role: values for role, values in self.arrays.items() if values.requires_grad}
        return learned | self.draws.state.learnable

    @property
    def ranks(self) -> Ranks:
        return self.draws.ranks

    def tell(self, loss: float | None = None, phase: str = "distilling") -> None:
        self.listen(self.clock.progress(self.iteration, self.layout.images, loss, phase))


def start(job: Job, layout: Layout, memory: MemoryPlan, clock: Clock, log: Log, listen: Listener, ranks: Ranks) -> Run:
    """A run at its first iteration. With several ranks all have the same arrays, which the first one makes. Raises what
    the source, the settings and the objective do."""
    source, held_out = jobs.hold_out(job)
    own = world(job, source, listen, memory, layout)
    initial = ranks.from_first(lambda: _initial(job, layout, own))
    arrays = {role: values.to(job.device).contiguous() for role, values in initial.items()}
    for role, values in arrays.items():
        values.requires_grad_(values.is_floating_point() and role not in job.settings.parameterization.fixed)
    shared = Draws.prepare(job.settings.guided_objective, own, job.settings.optimizer.draws, ranks)
    optimizer = _optimizer(job.settings, arrays, shared.state)
    return Run(job, layout, own, memory, held_out, arrays, shared, optimizer, clock, log, listen)


def _initial(job: Job, layout: Layout, world: World) -> dict[str, Tensor]:
    """On the CPU."""
    generator = stream(job.seed, "initial")
    real = _real_images(job, layout, world, generator)
    arrays = initial_arrays(job.settings.parameterization, layout, real, generator)
    return {role: values.cpu() for role, values in arrays.items()}


def _real_images(job: Job, layout: Layout, world: World, generator: torch.Generator) -> RealImages:
    """What initial values are made from: random images of each class, or those that a coreset ranks first. Raises
    InvalidSource where a class has fewer images than the set is to begin with."""
    kind = job.settings.parameterization.init
    most = int(torch.bincount(synthesis.balanced_labels(layout)).max())
    fewest = min(range(len(world.real.members)), key=lambda label: len(world.real.members[label]))
    there = len(world.real.members[fewest])
    if kind != "noise" and most > there:
        raise InvalidSource(
            f"{job.source.name}: class {job.source.classes[fewest]!r} has {there:,} training images (without those "
            f"held out), and {most:,} are to begin as real ones; lower --ipc, choose a form or settings that hold "
            "fewer images, or begin with --init noise"
        )
    if kind not in coresets.KINDS:
        return RealImages(lambda labels: world.real.of_labels(labels.cpu(), generator), world.real.of_class)
    ranking = coresets.ranking(kind, world, most, job.settings.coreset)
    return RealImages(lambda labels: world.real.ranked(labels.cpu(), ranking), world.real.of_class)


def world(
    job: Job, source: Source, listen: Listener, memory: MemoryPlan | None = None, layout: Layout | None = None
) -> World:
    """What the objective of a job may look at; real images without those held out. An image stands for the class that
    the rule "balanced" gives it: soft labels too begin there."""
    most = memory.real_bytes if memory else None
    return World(
        geometry=source.geometry,
        real=RealData(source.train, len(source.classes), job.source.normalization, job.device, most),
        source_sha256=source.sha256,
        network=job.settings.network,
        augmentation=job.settings.training.augmentation,
        seed=job.seed,
        device=job.device,
        precision=job.precision,
        experts_folder=job.experts_folder,
        images_at_once=memory.images_at_once if memory else None,
        stands_for=synthesis.balanced_labels(layout) if layout else None,
        on_prepare=lambda text, done: listen(Progress(text, done)),
    )


def _optimizer(settings: Settings, arrays: dict[str, Tensor], state: State) -> torch.optim.Optimizer:
    groups = []
    for role, values in arrays.items():
        if not values.requires_grad:
            continue
        # Relative for adam, so that one rate serves arrays whose values differ by orders of magnitude.
        scale = float(values.detach().square().mean().sqrt()) if settings.optimizer.kind == "adam" else 1.0
        rate = settings.optimizer.learning_rate * scale
        groups.append({"params": [values], "lr": (role == "labels" and settings.optimizer.label_rate) or rate})
    for name, value in state.learnable.items():
        groups.append({"params": [value], "lr": state.learning_rates[name]})
    for group in groups:
        group["full_rate"] = group["lr"]
    if settings.optimizer.kind == "adam":
        return torch.optim.Adam(groups, betas=(settings.optimizer.momentum, 0.999))
    return torch.optim.SGD(groups, momentum=settings.optimizer.momentum)
