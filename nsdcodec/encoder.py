"""The encoder: real images in, the best file out. `encode` reads straight down.

    source -> layout for the budget -> initial arrays -> [synthesis -> objective -> step]* -> best checkpoint -> file

Random only in (seed, purpose, iteration), so that a resumed run does what the uninterrupted one would have done: bit
for bit on a CPU with the same number of threads, where `iterations` and not a time limit ends it.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nsdcodec import checkpoint as checkpoints
from nsdcodec import synthesis
from nsdcodec.budget import Budget
from nsdcodec.checkpoint import Checkpoint
from nsdcodec.container import atomic
from nsdcodec.container import file as nsd_file
from nsdcodec.container.header import Header
from nsdcodec.errors import Diverged, Interrupted, InvalidSetting
from nsdcodec.experts import Experts
from nsdcodec.layout import Layout
from nsdcodec.learning import networks, training
from nsdcodec.learning.randomness import seed_of, stream
from nsdcodec.learning.real import RealData
from nsdcodec.objectives.base import Objective, State, World
from nsdcodec.objectives.trajectory import TrajectoryMatching
from nsdcodec.parameterizations.base import HEADER_RESERVE
from nsdcodec.progress import Clock, Log, Progress, deferred_signals
from nsdcodec.recipes import Settings
from nsdcodec.sources.base import Source, Split, normalize
from nsdcodec.version import VERSION

MOST_SKIPPED_IN_A_ROW = 20
# By how much the header grows in a run: digits of its iterations, validation accuracy and learned rate.
FIGURES_BYTES = 24


@dataclass(frozen=True)
class Job:
    """What to encode and how to run it. `settings` are those that `recipes.for_geometry` fitted to the source. `ipc`
    and `bits_per_class` are the budget; `time_limit` in seconds fits the schedule to the clock, in place of
    `settings.iterations`."""

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
    experts_folder: Path = Path("experts")
    checkpoint_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.time_limit is not None and not self.time_limit > 0:
            raise InvalidSetting(f"--time is {self.time_limit} seconds; it must be above 0")
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


@dataclass(frozen=True)
class Result:
    """`validation` is the accuracy of the chosen checkpoint on held-out training images, 0 to 1."""

    output: Path
    nbytes: int
    header: Header
    validation: float
    iterations: int
    skipped: int
    seconds: float


@dataclass
class _Run:
    """Where a run is: what a checkpoint keeps, and the arrays it optimises."""

    layout: Layout
    arrays: dict[str, Tensor]
    labels: Tensor
    objective: Objective
    state: State
    optimizer: torch.optim.Optimizer
    iteration: int = 0
    seconds: float = 0.0
    checked: int = -1
    skipped: int = 0
    skipped_in_a_row: int = 0
    best_accuracy: float = -1.0
    best_iteration: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    best_rate: float | None = None

    @property
    def parameters(self) -> dict[str, Tensor]:
        return self.arrays | self.state.learnable


def encode(job: Job, listen: Callable[[Progress], None] = lambda progress: None) -> Result:
    """Runs the job, writes its file, and removes its checkpoint. `listen` hears of progress.

    Raises OverBudget before any training; Interrupted on Ctrl-C or SIGTERM, with the best file so far written and a
    checkpoint to go on from; Diverged; FileAccess; what the source and the settings raise.
    """
    started = time.monotonic()
    atomic.check_writable(job.output)
    if job.checkpoint_path.exists() and not (job.resume or job.restart):
        raise InvalidSetting(
            f"{job.checkpoint_path} holds an unfinished run; go on with it by --resume, or drop it by --restart"
        )
    settings = job.settings
    saved = _saved(job, settings) if job.resume else None
    layout = _plan(job, settings)
    training_source, held_out = job.source.hold_out(_held_out_per_class(job.source, settings), job.seed)
    world = _world(job, settings, training_source, listen)
    log = Log(job.log_path, keep=job.resume)
    if job.restart:
        # Or a kill before the first new checkpoint would leave the old run to be resumed.
        job.checkpoint_path.unlink(missing_ok=True)
    try:
        run = _start(job, settings, layout, world)
    except KeyboardInterrupt as error:
        raise Interrupted(
            "stopped before the first iteration; nothing was written. Experts that were finished are kept in "
            f"{job.experts_folder}: the same command goes on from them"
        ) from error
    if saved is not None:
        _load(job, run, saved)
    log.event(
        "start", iteration=run.iteration, settings=settings.flat(), elements=layout.elements, images=layout.images
    )
    clock = Clock(run.seconds, started, job.time_limit, settings.iterations)
    try:
        with deferred_signals() as stop:
            _loop(job, settings, run, world, held_out, clock, log, stop, listen)
    except (Interrupted, KeyboardInterrupt) as error:
        # A step that was cut short is not saved: the last checkpoint stands.
        if isinstance(error, Interrupted):
            _save(job, run, settings, clock)
        raise Interrupted(_interrupted(job, run, settings, log)) from error
    header = _header(job, settings, run.layout, run.best_iteration, run.best_accuracy, run.best_rate)
    size = nsd_file.write(job.output, header, _numpy(run.best))
    job.checkpoint_path.unlink(missing_ok=True)
    log.event("end", iteration=run.iteration, validation=run.best_accuracy, bytes=size, seconds=clock.seconds)
    return Result(job.output, size, header, run.best_accuracy, run.iteration, run.skipped, clock.seconds)


def make_experts(job: Job, listen: Callable[[Progress], None] = lambda progress: None) -> Experts:
    """The expert trajectories that `encode` of the same job would match; makes those that are missing."""
    settings = job.settings
    assert isinstance(settings.objective, TrajectoryMatching), "the caller chose the objective"
    training_source, _ = job.source.hold_out(_held_out_per_class(job.source, settings), job.seed)
    return settings.objective.experts_of(_world(job, settings, training_source, listen))


def _plan(job: Job, settings: Settings) -> Layout:
    """The layout, refused before any training where the file, header and all, would not fit the budget."""
    geometry = job.source.geometry
    budget = Budget.of(geometry, job.ipc, job.bits_per_class)
    layout = settings.parameterization.layout(geometry, budget)
    if budget.file_bytes is None:
        return layout
    excess = _largest_file(job, settings, layout) - budget.file_bytes
    left = layout.nbytes + HEADER_RESERVE - excess
    if excess > 0 and left > 0:
        # A header above what the planner reserves, as many classes have: plan once more, with what is left.
        layout = settings.parameterization.layout(geometry, replace(budget, file_bytes=left))
    size = _largest_file(job, settings, layout)
    budget.require(settings.parameterization.name, layout.elements, size, "raise --bits-per-class")
    return layout


def _largest_file(job: Job, settings: Settings, layout: Layout) -> int:
    """Bytes that the file will not exceed: as if no array compressed, since how well they will is not known before.
    (Normal noise is no measure: the exponents of its float16 compress by a quarter.)"""
    zeros = {role: np.zeros(spec.shape, np.float32) for role, spec in layout.arrays.items()}
    header_bytes = nsd_file.read(nsd_file.pack(_header(job, settings, layout), zeros)).header_bytes
    return header_bytes + layout.nbytes + FIGURES_BYTES


def _held_out_per_class(source: Source, settings: Settings) -> int:
    """As the settings say, but at most a fifth of the smallest class."""
    smallest = int(torch.bincount(source.train.labels, minlength=len(source.classes)).min())
    return min(settings.validation.per_class, max(1, smallest // 5))


def _world(job: Job, settings: Settings, source: Source, listen: Callable[[Progress], None]) -> World:
    normalization = job.source.normalization

    def on_expert(expert: int, count: int, epoch: int) -> None:
        listen(Progress(f"expert {expert + 1} of {count}, epoch {epoch}", expert / count))

    return World(
        geometry=source.geometry,
        real=RealData(source.train, len(source.classes), normalization, job.device),
        source_sha256=source.sha256,
        network=settings.network,
        augmentation=settings.training.augmentation,
        seed=job.seed,
        device=job.device,
        precision=job.precision,
        experts_folder=job.experts_folder,
        on_expert=on_expert,
    )


def _start(job: Job, settings: Settings, layout: Layout, world: World) -> _Run:
    generator = stream(job.seed, "initial")
    initial = settings.parameterization.initial(
        layout, lambda labels: world.real.of_labels(labels.cpu(), generator), generator
    )
    arrays = {role: values.to(job.device).contiguous().requires_grad_() for role, values in initial.items()}
    objective = settings.guided_objective
    state = objective.prepare(world)
    labels = synthesis.labels(layout, {}, job.device)
    return _Run(layout, arrays, labels, objective, state, _optimizer(settings, arrays, state))


def _optimizer(settings: Settings, arrays: dict[str, Tensor], state: State) -> torch.optim.Optimizer:
    groups = []
    for values in arrays.values():
        # Relative for adam, so that one rate serves arrays whose values differ by orders of magnitude.
        scale = float(values.detach().square().mean().sqrt()) if settings.optimizer.kind == "adam" else 1.0
        groups.append({"params": [values], "lr": settings.optimizer.learning_rate * scale})
    for name, value in state.learnable.items():
        groups.append({"params": [value], "lr": state.learning_rates[name]})
    for group in groups:
        group["full_rate"] = group["lr"]
    if settings.optimizer.kind == "adam":
        return torch.optim.Adam(groups)
    return torch.optim.SGD(groups, momentum=0.9)


def _loop(
    job: Job,
    settings: Settings,
    run: _Run,
    world: World,
    held_out: Split,
    clock: Clock,
    log: Log,
    stop: threading.Event,
    listen: Callable[[Progress], None],
) -> None:
    checks = settings.validation.checks
    if run.checked < 0:
        _check(job, settings, run, world, held_out, clock, log, listen)
    saved = time.monotonic()
    while settings.objective.name != "none":
        done = clock.done(run.iteration)
        if run.checked < math.floor(done * checks + 1e-9):
            _check(job, settings, run, world, held_out, clock, log, listen)
            run.checked = math.floor(done * checks + 1e-9)
            _save(job, run, settings, clock)
            done = clock.done(run.iteration)
        if done >= 1:
            return
        loss = _iterate(settings, run, done)
        run.iteration += 1
        if log.due():
            log.event("step", iteration=run.iteration, loss=loss, seconds=round(clock.seconds, 3), skipped=run.skipped)
            listen(clock.progress(run.iteration, run.layout.images, loss))
        if stop.is_set():
            raise Interrupted
        if time.monotonic() - saved >= job.checkpoint_seconds:
            _save(job, run, settings, clock)
            saved = time.monotonic()


def _iterate(settings: Settings, run: _Run, done: float) -> float:
    """One step: the loss, as a number. A step whose loss or gradient is not finite changes nothing and is counted."""
    if settings.optimizer.decay:
        for group in run.optimizer.param_groups:
            group["lr"] = group["full_rate"] * 0.5 * (1 + math.cos(math.pi * done))
    run.optimizer.zero_grad(set_to_none=True)
    images = synthesis.images(run.layout, run.arrays)
    step = run.objective.loss(run.state, images, run.labels, run.iteration)
    # Only these: gradients of a pooled network's own weights would cost a seventh of a step, and nobody reads them.
    step.loss.backward(inputs=list(run.parameters.values()))
    loss = step.loss.item()
    norm = sum(float(value.grad.square().sum()) for value in run.parameters.values() if value.grad is not None)
    if math.isfinite(loss) and math.isfinite(norm):
        run.optimizer.step()
        run.state.constrain()
        run.skipped_in_a_row = 0
        return loss
    run.skipped += 1
    run.skipped_in_a_row += 1
    if run.skipped_in_a_row >= MOST_SKIPPED_IN_A_ROW:
        raise Diverged(
            f"{run.skipped_in_a_row} steps in a row had a loss that is not finite, at iteration {run.iteration}; "
            f"lower the rate: --set optimizer.learning_rate={settings.optimizer.learning_rate / 4:g}"
        )
    return loss


def _check(
    job: Job,
    settings: Settings,
    run: _Run,
    world: World,
    held_out: Split,
    clock: Clock,
    log: Log,
    listen: Callable[[Progress], None],
) -> None:
    """Trains a network on the set as it would be stored, tests it on held-out images, keeps the set if it is best."""
    started = time.monotonic()
    listen(clock.progress(run.iteration, run.layout.images, None, "validating"))
    stored = _stored(run)
    with torch.no_grad():
        images = synthesis.images(run.layout, stored)
    rate = run.objective.learned_rate(run.state)
    recipe = replace(
        settings.training,
        learning_rate=rate or settings.training.learning_rate,
        epochs=settings.validation.epochs,
        network=replace(settings.network, width=settings.validation.width),
    )
    network = networks.build(recipe.network, world.geometry, seed_of(job.seed, "validation")).to(job.device)
    training.train(network, images, run.labels, recipe, stream(job.seed, "validation"), job.precision)
    real = normalize(held_out.images.to(job.device), world.real.normalization)
    accuracy = training.accuracy(network, real, held_out.labels.to(job.device), job.precision)
    run.checked = max(run.checked, 0)
    # A value may overflow its stored type; chance alone is right on a tenth, and no file can hold it.
    if accuracy >= run.best_accuracy and bool(images.isfinite().all()):
        run.best_accuracy, run.best, run.best_iteration, run.best_rate = accuracy, stored, run.iteration, rate
    clock.accuracy = accuracy
    clock.check_seconds = time.monotonic() - started
    log.event("check", iteration=run.iteration, accuracy=accuracy, seconds=round(clock.seconds, 3), student_rate=rate)
    listen(clock.progress(run.iteration, run.layout.images, None))


def _stored(run: _Run) -> dict[str, Tensor]:
    """The arrays rounded to their stored types, as float32."""
    types = {"float32": torch.float32, "float16": torch.float16}
    return {
        role: values.detach().to(types[run.layout.arrays[role].dtype]).float() for role, values in run.arrays.items()
    }


def _header(
    job: Job, settings: Settings, layout: Layout, iteration: int = 0, accuracy: float = 0.0, rate: float | None = None
) -> Header:
    """`rate` is the student learning rate where one was learned."""
    return Header(
        layout=layout,
        classes=job.source.classes,
        normalization=job.source.normalization,
        recipe=replace(settings.training, learning_rate=rate or settings.training.learning_rate),
        parameterization=settings.parameterization.name,
        budget={
            "ipc": job.ipc,
            "bits_per_class": job.bits_per_class,
            "elements": layout.elements,
            "array_bytes": layout.nbytes,
        },
        provenance={
            "encoder": f"nsdcodec {VERSION}",
            "source": {"name": job.source.name, "sha256": job.source.sha256},
            "seed": job.seed,
            "recipe": job.recipe_name,
            "set": list(job.overrides),
            "iterations": iteration,
            "validation": round(accuracy, 4),
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name(job.device) if job.device.type == "cuda" else "cpu",
        },
    )


def _numpy(arrays: dict[str, Tensor]) -> dict[str, Any]:
    return {role: values.cpu().numpy() for role, values in arrays.items()}


def _identity(job: Job, settings: Settings) -> dict[str, Any]:
    """What two runs must share for one to go on from the other's checkpoint."""
    flat = json.loads(json.dumps(settings.flat()))
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


def _save(job: Job, run: _Run, settings: Settings, clock: Clock) -> None:
    counters = ("iteration", "checked", "skipped", "skipped_in_a_row", "best_accuracy", "best_iteration", "best_rate")
    Checkpoint(
        checkpoints.named("arrays", run.arrays)
        | checkpoints.named("best", run.best)
        | checkpoints.named("objective", run.state.tensors())
        | checkpoints.named("optimizer", checkpoints.optimizer_tensors(run.optimizer, run.parameters)),
        {name: getattr(run, name) for name in counters} | {"seconds": clock.seconds},
        _identity(job, settings),
    ).write(job.checkpoint_path)


def _saved(job: Job, settings: Settings) -> Checkpoint:
    """The checkpoint to resume: read before anything else, since making experts can take hours."""
    saved = Checkpoint.read(job.checkpoint_path)
    saved.require(_identity(job, settings), job.checkpoint_path)
    return saved


def _load(job: Job, run: _Run, saved: Checkpoint) -> None:
    with torch.no_grad():
        for role, values in checkpoints.below("arrays", saved.tensors).items():
            run.arrays[role].copy_(values)
    run.best = {role: values.to(job.device) for role, values in checkpoints.below("best", saved.tensors).items()}
    run.state.load(checkpoints.below("objective", saved.tensors))
    checkpoints.load_optimizer(run.optimizer, run.parameters, checkpoints.below("optimizer", saved.tensors))
    for name, value in saved.counters.items():
        setattr(run, name, value)


def _interrupted(job: Job, run: _Run, settings: Settings, log: Log) -> str:
    """Writes the best file so far, and says how to go on."""
    log.event("interrupted", iteration=run.iteration)
    if not run.best:
        return "stopped before anything was reached; nothing was written"
    header = _header(job, settings, run.layout, run.best_iteration, run.best_accuracy, run.best_rate)
    nsd_file.write(job.output, header, _numpy(run.best))
    return (
        f"stopped at iteration {run.iteration}; {job.output} holds the best so far "
        f"({run.best_accuracy:.1%} on held-out images); "
        + ("go on with the same command and --resume" if job.checkpoint_path.exists() else "there is no checkpoint yet")
    )
