"""What to encode, and what can be said of its file before any training: layout, size, header."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nsdcodec.budget import Budget
from nsdcodec.container import codings
from nsdcodec.container import file as nsd_file
from nsdcodec.container.header import Header
from nsdcodec.errors import InvalidSetting, OverBudget
from nsdcodec.layout import Layout
from nsdcodec.parameterizations.planning import HEADER_RESERVE
from nsdcodec.settings import Settings
from nsdcodec.sources.base import Source, Split
from nsdcodec.version import VERSION

# By how much the header grows in a run: digits of its iterations, validation accuracy and learned rate.
FIGURES_BYTES = 24


@dataclass(frozen=True)
class Job:
    """What to encode and how to run it. `settings` are those that `settings.for_geometry` fitted to the source. `ipc`
    and `bits_per_class` are the budget; `time_limit` in seconds fits the schedule to the clock, in place of
    `settings.iterations`; `memory` in bytes bounds what is taken (`memory_plan`). `compile` is whether a student's
    kernels are compiled; None: where that saves minutes, and a compiler is there. A checkpoint of the same `launch` (a
    name; empty: none) is gone on from unasked. `keep_checkpoint`: that of a run that is done stays, so that
    `resume` with a longer `time_limit` goes on from it."""

    source: Source
    output: Path
    settings: Settings
    recipe_name: str
    overrides: tuple[str, ...] = ()
    ipc: float | None = 1.0
    bits_per_class: float | None = None
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    precision: str = "float32"
    time_limit: float | None = None
    resume: bool = False
    restart: bool = False
    keep_checkpoint: bool = False
    experts_folder: Path = Path("experts")
    checkpoint_seconds: float = 30.0
    memory: int | None = None
    compile: bool | None = None
    launch: str = ""

    def __post_init__(self) -> None:
        if self.time_limit is not None and not self.time_limit > 0:
            raise InvalidSetting(f"--time is {self.time_limit} seconds; it must be above 0")
        optimizer = self.settings.optimizer
        if self.settings.parameterization.labels == "soft" and optimizer.kind == "sgd" and optimizer.label_rate is None:
            raise InvalidSetting(
                "soft labels under sgd have no rate of their own; give one by --set optimizer.label_rate=1, or choose "
                "--set optimizer.kind=adam with a rate that suits it"
            )
        if self.resume and self.restart:
            raise InvalidSetting("--resume and --restart exclude each other; give one of them")
        if not 0 <= self.seed < 1 << 63:
            # The header keeps it, and readers refuse longer integers.
            raise InvalidSetting(f"--seed is {self.seed}; it must be 0 to 2^63 - 1")

    @property
    def checkpoint_path(self) -> Path:
        return self.output.with_name(self.output.name + ".checkpoint")

    @property
    def log_path(self) -> Path:
        return self.output.with_name(self.output.name + ".log.jsonl")


def plan(job: Job) -> Layout:
    """The layout, refused before any training where the file, header and all, would not fit the budget."""
    geometry = job.source.geometry
    budget = Budget.of(geometry, job.ipc, job.bits_per_class)
    layout = job.settings.parameterization.layout(geometry, budget)
    if budget.file_bytes is None:
        return layout
    excess = _largest_file(job, layout) - budget.file_bytes
    left = layout.nbytes + HEADER_RESERVE - excess
    if excess > 0 and left > 0:
        # A header above what the planner reserves, as many classes have: plan once more, with what is left.
        try:
            layout = job.settings.parameterization.layout(geometry, replace(budget, file_bytes=left))
        except OverBudget as error:
            raise _too_small(job, (error.file_bytes or left + 1) + budget.file_bytes - left) from error
    size = _largest_file(job, layout)
    if size > budget.file_bytes:
        raise _too_small(job, size)
    return layout


def _too_small(job: Job, needed: int) -> OverBudget:
    budget = Budget.of(job.source.geometry, job.ipc, job.bits_per_class)
    return OverBudget(
        f"{job.settings.parameterization.name}: {needed:,} bytes with the header exceed the budget of "
        f"{budget.file_bytes:,}; raise --bits-per-class to {math.ceil(8 * needed / job.source.geometry.classes):,}",
        needed,
    )


def _largest_file(job: Job, layout: Layout) -> int:
    """Bytes that the file will not exceed: as if no array compressed, since how well they will is not known before.
    (Normal noise is no measure: the exponents of its float16 compress by a quarter.)"""
    zeros = {role: np.zeros(spec.shape, np.float32) for role, spec in layout.arrays.items()}
    if "mask" in zeros:  # a valid one: its first k places
        zeros["mask"].reshape(len(zeros["mask"]), -1)[:, : layout.arrays["spectrum"].shape[3]] = 1
    header_bytes = nsd_file.read(nsd_file.pack(header(job, layout), zeros, codings.RAW)).header_bytes
    return header_bytes + layout.nbytes + FIGURES_BYTES


def hold_out(job: Job) -> tuple[Source, Split]:
    """The source to train on, and the images to choose checkpoints by: as many as the settings say, but at most a
    fifth of the smallest class."""
    source = job.source
    smallest = int(torch.bincount(source.train.labels, minlength=len(source.classes)).min())
    return source.hold_out(min(job.settings.validation.per_class, max(1, smallest // 5)), job.seed)


def header(job: Job, layout: Layout, iteration: int = 0, accuracy: float = 0.0, rate: float | None = None) -> Header:
    """`rate` is the student learning rate where one was learned; `accuracy` that on held-out images."""
    return Header(
        layout=layout,
        classes=job.source.classes,
        normalization=job.source.normalization,
        recipe=replace(job.settings.training, learning_rate=rate or job.settings.training.learning_rate),
        parameterization=job.settings.parameterization.name,
        provenance=_provenance(job, iteration, accuracy),
    )


def _provenance(job: Job, iteration: int, accuracy: float) -> dict[str, Any]:
    """For people, and short: it is in every file. 16 digits of the source's hash tell sources apart."""
    device = torch.cuda.get_device_name(job.device) if job.device.type == "cuda" else job.device.type
    return {
        "encoder": f"nsdcodec {VERSION}, torch {torch.__version__.partition('+')[0]}",
        "source": f"{job.source.name} {job.source.sha256[:16]}",
        "recipe": job.recipe_name,
        "seed": job.seed,
        "iterations": iteration,
        "validation": round(accuracy, 4),
        "device": f"{device} {job.precision}",
    } | ({"set": list(job.overrides)} if job.overrides else {})


def identity(job: Job) -> dict[str, Any]:
    """What two runs must share for one to go on from the other's checkpoint."""
    flat = json.loads(json.dumps(job.settings.flat()))
    if job.time_limit is not None:
        flat.pop("iterations")
    return {
        "source": job.source.sha256,
        "ipc": job.ipc,
        "bits per class": job.bits_per_class,
        "seed": job.seed,
        "precision": job.precision,
        **flat,
    }
