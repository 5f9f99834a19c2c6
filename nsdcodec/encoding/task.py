"""What to encode, and what can be said of its file before any training: layout, size, header."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nsdcodec.encoding import starting
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.parameterizations.planning import HEADER_RESERVE
from nsdcodec.encoding.settings import Settings
from nsdcodec.encoding.taught_labels import Teachers
from nsdcodec.errors import InvalidSetting, OverBudget
from nsdcodec.format.container import codings
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.container.header import Header
from nsdcodec.format.layout import Layout
from nsdcodec.learning import networks
from nsdcodec.learning.compute import Compute
from nsdcodec.sources.base import Source, Split
from nsdcodec.version import VERSION

# Settings that came after 0.1, with the value by which a run does what it did before there was a choice.
LATER: dict[str, Any] = {
    "parameterization.label_init": "class",
    **{f"teachers.{name}": value for name, value in asdict(Teachers()).items()},
    "objective.statistics": "mean",
    "objective.synthetic_per_class": 0,
    "objective.classes_at_once": 0,
    "objective.expert_rho": 0.0,
    "objective.expert_alpha": 0.3,
}
# By how much the header grows in a run: digits of its iterations, validation accuracy and learned rate.
FIGURES_BYTES = 24
# Of a few real images no more are planned than so many times as many: more would only begin as the same ones again.
MOST_OF_REAL = 3


@dataclass(frozen=True)
class Task:
    """What to encode. `settings` are those that `settings.for_geometry` fitted to the source. `time_limit` in seconds
    fits the schedule to the clock, in place of `settings.iterations`. `recipe_name` and `overrides` tell in the file
    where the settings came from: a recipe, and the "key=value" that changed it. `start` is a file whose arrays the run
    begins from, in place of initial values; the layout is then the file's. Raises InvalidSetting, also where a network
    does not take the source's images, and where the file does not fit source or settings."""

    source: Source
    settings: Settings
    budget: Budget
    seed: int = 0
    time_limit: float | None = None
    recipe_name: str = ""
    overrides: tuple[str, ...] = ()
    start: NSDFile | None = None

    def __post_init__(self) -> None:
        if self.start is not None:
            starting.check(self.start, self.source, self.settings.parameterization)
        if self.time_limit is not None and not self.time_limit > 0:
            raise InvalidSetting(f"--time is {self.time_limit} seconds; it must be above 0")
        optimizer = self.settings.optimizer
        if self.settings.parameterization.labels == "soft" and optimizer.kind == "sgd" and optimizer.label_rate is None:
            raise InvalidSetting(
                "soft labels under sgd have no rate of their own; give one by --set optimizer.label_rate=1, or choose "
                "--set optimizer.kind=adam with a rate that suits it"
            )
        if self.settings.parameterization.label_init != "class" and self.settings.parameterization.labels == "hard":
            raise InvalidSetting("label_init is 'teachers', and labels are hard; give --labels soft, or leave it out")
        if not 0 <= self.seed < 1 << 63:
            # The header keeps it, and readers refuse longer integers.
            raise InvalidSetting(f"--seed is {self.seed}; it must be 0 to 2^63 - 1")
        for network in {self.settings.network, self.settings.training.network}:
            networks.check_images(network, self.source.geometry)


@dataclass(frozen=True)
class Output:
    """The file to write at `path`, and its checkpoint: written every `checkpoint_seconds`, gone on from with `resume`,
    dropped with `restart`; one of the same `launch` (a name; empty: none) is gone on from unasked. That of a run
    that is done goes, or stays with `keep_checkpoint`, so that `resume` with a longer time goes on from it. Without
    `overwrite` no file is replaced but the .nsd file of the run that the checkpoint is of. Raises InvalidSetting."""

    path: Path
    resume: bool = False
    restart: bool = False
    keep_checkpoint: bool = False
    checkpoint_seconds: float = 30.0
    launch: str = ""
    overwrite: bool = True

    def __post_init__(self) -> None:
        if self.resume and self.restart:
            raise InvalidSetting("--resume and --restart exclude each other; give one of them")

    @property
    def checkpoint(self) -> Path:
        """Where the state of an unfinished run is kept: beside the file."""
        return self.path.with_name(self.path.name + ".checkpoint")

    @property
    def log(self) -> Path:
        """Where losses and checks are noted, a JSON text a line: beside the file."""
        return self.path.with_name(self.path.name + ".log.jsonl")


def plan_packed(task: Task, compute: Compute, budget: Budget) -> tuple[Layout, Budget]:
    """The layout whose file fits the budget, header and all, though nothing compress; and the budget that the
    parameterization made it for, which is less where the header is large. Raises OverBudget; the bits a class that its
    message names are enough."""
    try:
        return _plan(task, compute, budget)
    except OverBudget as error:
        raise _with_enough(task, compute, error) from error


def layout_of_start(task: Task, start: NSDFile) -> Layout:
    """That of the file which the task begins from. Raises OverBudget where it has more elements than the budget."""
    layout, most = starting.layout(start, task.settings.parameterization), task.budget.elements
    if most is not None and layout.elements > most:
        geometry = task.source.geometry
        ipc = math.ceil(1000 * layout.elements / (geometry.classes * geometry.image_elements)) / 1000
        raise OverBudget(
            f"--start: its {layout.elements:,} elements exceed the budget of {most:,}; leave --ipc out, or raise it to "
            f"{ipc:g}"
        )
    return layout


def _plan(task: Task, compute: Compute, budget: Budget) -> tuple[Layout, Budget]:
    geometry = task.source.geometry
    budget = replace(budget, images_per_class=MOST_OF_REAL * max(1, len(task.source.train) // geometry.classes))
    layout = task.settings.parameterization.layout(geometry, budget)
    if budget.file_bytes is None:
        return layout, budget
    given = budget
    excess = largest_file(task, compute, layout) - budget.file_bytes
    left = layout.nbytes + HEADER_RESERVE - excess
    if excess > 0 and left > 0:
        # A header above what the planner reserves, as many classes have: plan once more, with what is left.
        given = replace(budget, file_bytes=left)
        try:
            layout = task.settings.parameterization.layout(geometry, given)
        except OverBudget as error:
            raise _too_small(task, (error.file_bytes or left + 1) + budget.file_bytes - left) from error
    size = largest_file(task, compute, layout)
    if size > budget.file_bytes:
        raise _too_small(task, size)
    return layout, given


def _with_enough(task: Task, compute: Compute, error: OverBudget) -> OverBudget:
    """The error, or where a file of the bytes that it names would not fit either, one that names enough: a larger
    budget can have a larger smallest layout, and a larger header than the planner reserves."""
    budget, needed = task.budget, error.file_bytes
    while budget.file_bytes is not None and needed is not None and needed > budget.file_bytes:
        bits = math.ceil(8 * needed / task.source.geometry.classes)
        budget = replace(budget, file_bytes=Budget.of(task.source.geometry, None, bits).file_bytes)
        try:
            _plan(task, compute, budget)
        except OverBudget as again:
            needed = again.file_bytes
        else:
            return error if needed == error.file_bytes else _too_small(task, needed)
    return error


def _too_small(task: Task, needed: int) -> OverBudget:
    bits = math.ceil(8 * needed / task.source.geometry.classes)
    return OverBudget(
        f"{task.settings.parameterization.name}: {needed:,} bytes with the header exceed the budget of "
        f"{task.budget.file_bytes:,}; raise --bits-per-class to {bits:,}",
        needed,
    )


def largest_file(task: Task, compute: Compute, layout: Layout) -> int:
    """Bytes that the file will not exceed: as if no array compressed, since how well they will is not known before.
    (Normal noise is no measure: the exponents of its float16 compress by a quarter.)"""
    zeros = {role: np.zeros(spec.shape, np.float32) for role, spec in layout.arrays.items()}
    if "mask" in zeros:  # a valid one: its first k places
        zeros["mask"].reshape(len(zeros["mask"]), -1)[:, : layout.arrays["spectrum"].shape[3]] = 1
    return len(nsd_file.pack(header(task, compute, layout), zeros, codings.RAW)) + FIGURES_BYTES


def hold_out(task: Task) -> tuple[Source, Split]:
    """The source to train on, and the images to choose checkpoints by: as many as the settings say, but at most a
    fifth of the smallest class."""
    source = task.source
    smallest = int(torch.bincount(source.train.labels, minlength=len(source.classes)).min())
    return source.hold_out(min(task.settings.validation.per_class, max(1, smallest // 5)), task.seed)


def header(
    task: Task,
    compute: Compute,
    layout: Layout,
    iteration: int = 0,
    accuracy: float | None = 0.0,
    rate: float | None = None,
) -> Header:
    """`rate` is the student learning rate where one was learned; `accuracy` that on held-out images, None where it was
    not judged."""
    return Header(
        layout=layout,
        classes=task.source.classes,
        normalization=task.source.normalization,
        recipe=replace(task.settings.training, learning_rate=rate or task.settings.training.learning_rate),
        parameterization=task.settings.parameterization.name,
        provenance=_provenance(task, compute, iteration, accuracy),
    )


def _provenance(task: Task, compute: Compute, iteration: int, accuracy: float | None) -> dict[str, Any]:
    """For people, and short: it is in every file. 16 digits of the source's hash tell sources apart."""
    device = torch.cuda.get_device_name(compute.device) if compute.device.type == "cuda" else compute.device.type
    known = {} if accuracy is None else {"validation": round(accuracy, 4)}
    named = {"set": list(task.overrides)} if task.overrides else {}
    begun = {} if task.start is None else {"start": starting.provenance(task.start)}
    return {
        "encoder": f"nsdcodec {VERSION}, torch {torch.__version__.partition('+')[0]}",
        "source": f"{task.source.name} {task.source.sha256[:16]}",
        "recipe": task.recipe_name,
        "seed": task.seed,
        "iterations": iteration,
        **known,
        "device": f"{device} {compute.precision}",
        **named,
        **begun,
    }


def lifted(identity: dict[str, Any], task: Task) -> dict[str, Any]:
    """The identity of a checkpoint as it is written now. Earlier ones had fewer settings, and --ipc and
    --bits-per-class for the budget."""
    keys = task.settings.flat().keys() - identity.keys()
    identity = identity | {key: value for key, value in LATER.items() if key in keys}
    if "ipc" not in identity:
        return identity
    rest = {name: value for name, value in identity.items() if name not in ("ipc", "bits per class")}
    return rest | _budget(Budget.of(task.source.geometry, identity["ipc"], identity["bits per class"]))


def _budget(budget: Budget) -> dict[str, Any]:
    return {"elements of the budget": budget.elements, "bytes of the budget": budget.file_bytes}


def identity(task: Task, compute: Compute) -> dict[str, Any]:
    """What two runs must share for one to go on from the other's checkpoint."""
    flat = json.loads(json.dumps(task.settings.flat()))
    if task.time_limit is not None:
        flat.pop("iterations")
    return {
        "source": task.source.sha256,
        "seed": task.seed,
        "precision": compute.precision,
        **({} if task.start is None else {"start": task.start.digest}),
        **_budget(task.budget),
        **flat,
    }
