"""The state of a running encode, and how it starts: what is optimised, from which values, by which optimizer."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nsdcodec.encoding import initial_images, starting, taught_labels
from nsdcodec.encoding.draws import Draws
from nsdcodec.encoding.objectives.base import Context, State
from nsdcodec.encoding.parameterizations.base import initial_arrays
from nsdcodec.encoding.progress import Listener, Progress, Reporter
from nsdcodec.encoding.settings import Settings
from nsdcodec.encoding.task import Output, Task, hold_out
from nsdcodec.format import synthesis
from nsdcodec.format.layout import Layout
from nsdcodec.learning.chunks import Rows
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.memory_plan import MemoryPlan
from nsdcodec.learning.real import RealData
from nsdcodec.sources.base import Source, Split
from nsdcodec.system.randomness import stream
from nsdcodec.system.ranks import Ranks

# The accuracy of a set that was not judged: any that is judged is better.
UNCHECKED = -1.0


@dataclass
class Run:
    """A task under way: what it optimises, what judges it, and how far it is. `notes` are what the user should know of
    how it was computed; `unsaved` says why the last checkpoint could not be written. `coarseness` is that of the
    rounding, fitted at each check; `best` has the arrays of the best set before rounding, to be rounded by
    `best_coarseness`. `packed_bytes` is what the layout was planned for (`layout_plan.Plan`)."""

    task: Task
    output: Output
    compute: Compute
    layout: Layout
    context: Context
    memory: MemoryPlan
    held_out: Split
    arrays: dict[str, Tensor]
    draws: Draws[Any]
    optimizer: torch.optim.Optimizer
    reporter: Reporter
    notes: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    # Held by whoever writes the last file of the run.
    ending: threading.Lock = field(default_factory=threading.Lock)
    saved: float = field(default_factory=time.monotonic)
    # How often it is judged; None: not known yet, since a time limit has to leave the time.
    checks: int | None = None
    iteration: int = 0
    # Of these, those that were not made before the checkpoint that it goes on from.
    steps: int = 0
    checked: int = -1
    skipped: int = 0
    skipped_in_a_row: int = 0
    best_accuracy: float = UNCHECKED
    best_iteration: int = 0
    best_rate: float | None = None
    coarseness: float = 1.0
    best_coarseness: float = 1.0
    packed_bytes: int | None = None
    unsaved: str = ""
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Tensor]:
        learned = {role: values for role, values in self.arrays.items() if values.requires_grad}
        learnable: dict[str, Tensor] = self.draws.state.learnable
        return learned | learnable

    @property
    def ranks(self) -> Ranks:
        return self.draws.ranks

    def images(self, arrays: Mapping[str, Tensor]) -> Tensor:
        """All images; where memory is short, with no more kept for backward than one part of them needs."""
        most, layout = self.memory.decoded_at_once, self.layout
        if most is None:
            return synthesis.images(layout, arrays)
        roles = [role for role in arrays if role != "labels"]
        made: Tensor = Rows.apply(
            lambda values, index: synthesis.images(layout, dict(zip(roles, values, strict=True)), index),
            layout.images,
            most,
            *(arrays[role] for role in roles),
        )
        return made


def start(
    task: Task,
    compute: Compute,
    layout: Layout,
    memory: MemoryPlan,
    *,
    output: Output,
    experts_folder: Path,
    reporter: Reporter,
    ranks: Ranks,
) -> Run:
    """A run at its first iteration. With several ranks all have the same arrays, which the first one makes. Raises what
    the source, the settings and the objective do."""
    source, held_out = hold_out(task)
    own = context(task, compute, source, memory, experts_folder, reporter.listen)
    initial = ranks.from_first(lambda: _initial(task, layout, own))
    # Soft labels too begin with one class that is the most likely.
    labels = initial["labels"] if "labels" in initial else synthesis.balanced_labels(layout)
    own = replace(own, stands_for=synthesis.hard_labels(labels))
    if task.settings.parameterization.label_init == "teachers":
        teachers = task.settings.teachers
        teachers.trained(own)  # by all ranks together
        initial["labels"] = ranks.from_first(lambda: taught_labels.scores(teachers, own, layout, initial))
    arrays = {role: values.to(compute.device).contiguous() for role, values in initial.items()}
    for role, values in arrays.items():
        values.requires_grad_(values.is_floating_point() and role not in task.settings.parameterization.fixed)
    draws = Draws.prepare(task.settings.guided_objective, own, task.settings.optimizer.draws, ranks)
    optimizer = _optimizer(task.settings, arrays, draws.state)
    if task.start is None:
        notes = initial_images.notes(task.settings, layout, own, task.source.classes)
    else:
        notes = starting.notes(task.start, task.seed)
    notes += draws.state.notes
    return Run(task, output, compute, layout, own, memory, held_out, arrays, draws, optimizer, reporter, notes)


def _initial(task: Task, layout: Layout, context: Context) -> dict[str, Tensor]:
    """On the CPU."""
    if task.start is not None:
        return starting.arrays(task.start, layout)
    generator = stream(task.seed, "initial")
    real = initial_images.real_images(task.settings, layout, context, generator)
    arrays = initial_arrays(task.settings.parameterization, layout, real, generator)
    return {role: values.cpu() for role, values in arrays.items()}


def context(
    task: Task, compute: Compute, source: Source, memory: MemoryPlan, experts_folder: Path, listen: Listener
) -> Context:
    """What the objective of a task may look at; `source` is without the images held out."""
    normalization, classes = task.source.normalization, len(source.classes)
    return Context(
        geometry=source.geometry,
        real=RealData(source.train, classes, normalization, compute.device, memory.real_bytes),
        source_sha256=source.sha256,
        network=task.settings.network,
        augmentation=task.settings.training.augmentation,
        seed=task.seed,
        compute=compute.at_once(memory.images_at_once),
        experts_folder=experts_folder,
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
        own = settings.optimizer.label_rate if role == "labels" else None
        groups.append({"params": [values], "lr": rate if own is None else own})
    for name, value in state.learnable.items():
        groups.append({"params": [value], "lr": state.learning_rates[name]})
    for group in groups:
        group["full_rate"] = group["lr"]
    if settings.optimizer.kind == "adam":
        return torch.optim.Adam(groups, betas=(settings.optimizer.momentum, 0.999))
    return torch.optim.SGD(groups, momentum=settings.optimizer.momentum)
