"""The encoder: real images in, the best file out. `encode` reads straight down.

    source -> layout for the budget -> initial arrays -> [synthesis -> objective -> step]* -> best checkpoint -> file

Random only in (seed, purpose, iteration), so that a resumed run does what the uninterrupted one would have done: bit
for bit on a CPU with the same number of threads, where `iterations` and not a time limit ends it. Several ranks
share the draws of an iteration; each has all arrays and takes the same steps, rank 0 alone validates and writes.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from nsdcodec import checkpoint as checkpoints
from nsdcodec import compilation, draws, synthesis
from nsdcodec import job as jobs
from nsdcodec.checkpoint import Checkpoint
from nsdcodec.container import atomic
from nsdcodec.container import file as nsd_file
from nsdcodec.container.header import Header
from nsdcodec.draws import Word
from nsdcodec.errors import Diverged, Interrupted, InvalidSetting, OutOfMemory, RankLost
from nsdcodec.experts import Experts
from nsdcodec.job import Job
from nsdcodec.layout import Layout
from nsdcodec.learning import networks, training
from nsdcodec.learning.chunks import Rows
from nsdcodec.learning.compiled import kernels
from nsdcodec.learning.real import normalized
from nsdcodec.learning.training import tf32
from nsdcodec.memory_plan import MemoryPlan
from nsdcodec.objectives.trajectory import TrajectoryMatching
from nsdcodec.progress import Clock, Log, Progress, deferred_signals
from nsdcodec.randomness import seed_of, stream
from nsdcodec.ranks import Ranks
from nsdcodec.rounding import rounded, straight_through
from nsdcodec.running import Listener, Run, start, world

__all__ = ["Job", "Progress", "Result", "encode", "make_experts"]

MOST_SKIPPED_IN_A_ROW = 20
# What a checkpoint keeps beside the tensors.
COUNTERS = ("iteration", "checked", "skipped", "skipped_in_a_row", "best_accuracy", "best_iteration", "best_rate")


@dataclass(frozen=True)
class Result:
    """`validation` is the accuracy of the chosen checkpoint on held-out training images, 0 to 1; `notes` are the
    objective's, of how it was computed."""

    output: Path
    nbytes: int
    header: Header
    validation: float
    iterations: int
    skipped: int
    seconds: float
    notes: tuple[str, ...] = ()


def encode(job: Job, listen: Listener = lambda progress: None, ranks: Ranks | None = None) -> Result:
    """Runs the job, writes its file, and removes its checkpoint unless the job keeps it. `listen` hears of progress.
    With `ranks`, all of them call this with the same job, each on its own device, and get the same result.

    Raises OverBudget before any training; Interrupted on Ctrl-C or SIGTERM, with the best file so far written and a
    checkpoint to go on from; Diverged; OutOfMemory; FileAccess; RankLost; what the source and the settings raise.
    """
    ranks = ranks or Ranks()
    draws.check(job.settings.optimizer.draws, ranks)
    try:
        return _encode(job, listen, ranks)
    except RankLost as error:
        raise RankLost(f"{error}; {_last_checkpoint(job, ranks)}") from error


def _encode(job: Job, listen: Listener, ranks: Ranks) -> Result:
    started = time.monotonic()
    saved = ranks.from_first(lambda: _saved(job))
    layout = jobs.plan(job)
    if saved is not None and job.compile is None:
        # It would round otherwise, as with other chunks (`_memory`).
        job = replace(job, compile=saved.counters["compile"])
    compiled, notes = ranks.from_first(lambda: compilation.settled(job, layout))
    with kernels(compiled), tf32(job.device):
        return _computed(replace(job, compile=compiled), layout, saved, listen, ranks, started, notes)


def _computed(
    job: Job,
    layout: Layout,
    saved: Checkpoint | None,
    listen: Listener,
    ranks: Ranks,
    started: float,
    notes: tuple[str, ...],
) -> Result:
    log = Log(None if ranks.rank else job.log_path, keep=saved is not None)
    clock = Clock(saved.counters["seconds"] if saved else 0.0, started, job.time_limit, job.settings.iterations)
    try:
        memory = ranks.from_first(lambda: _memory(job, layout, saved))
        run = start(job, layout, memory, clock, log, listen, ranks)
        run.draws.state.notes += notes
    except KeyboardInterrupt as error:
        raise Interrupted(
            "stopped before the first iteration; nothing was written. Experts that were finished are kept in "
            f"{job.experts_folder}, and the same command goes on from them; a coreset begins anew"
        ) from error
    if saved is not None:
        _load(run, saved)
    log.event(
        "start",
        iteration=run.iteration,
        settings=job.settings.flat(),
        elements=layout.elements,
        images=layout.images,
        notes=list(run.draws.state.notes),
        memory=run.memory.document(),
    )
    try:
        with deferred_signals() as stop:
            _loop(run, stop)
    except (Interrupted, KeyboardInterrupt) as error:
        # A step that was cut short is not saved: the last checkpoint stands.
        if isinstance(error, Interrupted):
            _save(run)
        raise Interrupted(_interrupted(run)) from error
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            f"{job.device} is out of memory at iteration {run.iteration}: {str(error).splitlines()[0]}; lower "
            "objective.student_batch, objective.student_steps, objective.real_per_class or network.width by --set"
            + "".join(f" ({note})" for note in run.draws.state.notes)
        ) from error
    return ranks.from_first(lambda: _finish(run))


def _finish(run: Run) -> Result:
    job, clock = run.job, run.clock
    size = _write(run)
    if not job.keep_checkpoint:
        job.checkpoint_path.unlink(missing_ok=True)
    run.log.event("end", iteration=run.iteration, validation=run.best_accuracy, bytes=size, seconds=clock.seconds)
    header, notes = _header(run), run.draws.state.notes
    return Result(job.output, size, header, run.best_accuracy, run.iteration, run.skipped, clock.seconds, notes)


def make_experts(job: Job, listen: Listener = lambda progress: None, together: int | None = None) -> Experts:
    """The expert trajectories that `encode` of the same job would match; makes those that are missing, `together` of
    them at once (None: `stacked.at_once`)."""
    objective = job.settings.objective
    assert isinstance(objective, TrajectoryMatching), "the caller chose the objective"
    memory = MemoryPlan.of(job.memory, job.settings, job.source, None, job.device)
    source, _ = jobs.hold_out(job)
    return objective.experts_of(world(job, source, listen, memory), together)


def _memory(job: Job, layout: Layout, saved: Checkpoint | None) -> MemoryPlan:
    """What is free differs from one moment to the next, and results by the rounding of the chunks: a run that goes on
    has the plan that it began with, unless it is given another limit."""
    if saved is not None and saved.counters.get("memory limit", 0) == job.memory:
        return MemoryPlan(**saved.counters["memory"])
    return MemoryPlan.of(job.memory, job.settings, job.source, layout, job.device, bool(job.compile))


def _loop(run: Run, stop: threading.Event) -> None:
    checks = run.job.settings.validation.checks
    if run.checked < 0:
        _check(run)
    done = run.ranks.from_first(lambda: run.clock.done(run.iteration))
    while run.job.settings.objective.name != "none":
        if run.checked < math.floor(done * checks + 1e-9):
            _check(run)
            run.checked = math.floor(done * checks + 1e-9)
            _save(run)
            done = run.ranks.from_first(lambda: run.clock.done(run.iteration))
        if done >= 1:
            return
        loss, parts, words = _iterate(run, done, lambda: _word(run, stop))
        run.iteration += 1
        # Of a time limit, the clock of rank 0 is everyone's.
        done = run.clock.done(run.iteration) if run.job.time_limit is None else words[0].done
        if run.log.due():
            seconds = round(run.clock.seconds, 3)
            figures = {name: part.item() for name, part in parts.items()}
            run.log.event("step", iteration=run.iteration, loss=loss, seconds=seconds, skipped=run.skipped, **figures)
            run.tell(loss)
        if any(word.stop for word in words):
            raise Interrupted
        if words[0].save:
            _save(run)


def _word(run: Run, stop: threading.Event) -> Word:
    """What this rank tells the others with the gradients of an iteration, of how to go on after it."""
    save = time.monotonic() - run.saved >= run.job.checkpoint_seconds
    return Word(stop.is_set(), save, run.clock.done(run.iteration + 1))


def _iterate(run: Run, done: float, word: Callable[[], Word]) -> tuple[float, Mapping[str, Tensor], list[Word]]:
    """One step: its loss, the parts of it, and the words of all ranks. If loss or gradient is not finite, nothing
    changes and it is counted."""
    settings = run.job.settings.optimizer
    if settings.decay:
        for group in run.optimizer.param_groups:
            group["lr"] = group["full_rate"] * 0.5 * (1 + math.cos(math.pi * done))
    generator = stream(run.job.seed, "in training", run.iteration)
    coarse = {role: straight_through(values, run.layout.arrays[role]) for role, values in run.arrays.items()}
    arrays = run.job.settings.parameterization.in_training(coarse, generator)
    images, labels = _images(run, arrays), synthesis.labels(run.layout, arrays, run.job.device)
    parameters = list(run.parameters.values())
    step = run.draws.averaged(images, labels, run.iteration, parameters, word)
    if step.finite:
        for parameter, gradient in zip(parameters, step.gradients, strict=True):
            parameter.grad = gradient
        run.optimizer.step()
        run.optimizer.zero_grad(set_to_none=True)
        run.draws.constrain()
        run.skipped_in_a_row = 0
        return step.loss, step.parts, step.words
    run.skipped += 1
    run.skipped_in_a_row += 1
    if run.skipped_in_a_row >= MOST_SKIPPED_IN_A_ROW:
        raise Diverged(
            f"{run.skipped_in_a_row} steps in a row had a loss that is not finite, at iteration {run.iteration}; "
            f"lower the rate: --set optimizer.learning_rate={settings.learning_rate / 4:g}"
        )
    return step.loss, step.parts, step.words


def _images(run: Run, arrays: Mapping[str, Tensor]) -> Tensor:
    """All images; where memory is short, with no more kept for backward than one part of them needs."""
    most, layout = run.memory.decoded_at_once, run.layout
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


def _check(run: Run) -> None:
    """The others wait, since training networks side by side would help nobody."""
    run.ranks.from_first(lambda: _validate(run))
    run.checked = max(run.checked, 0)


def _validate(run: Run) -> None:
    """Trains a network on the set as it would be stored, tests it on held-out images, keeps the set if it is best."""
    started = time.monotonic()
    run.tell(phase="validating")
    job, settings = run.job, run.job.settings
    stored = _stored(run)
    with torch.no_grad():
        images, labels = _images(run, stored), synthesis.labels(run.layout, stored, job.device)
    rate = run.draws.objective.learned_rate(run.draws.state)
    recipe = replace(
        settings.training,
        learning_rate=rate or settings.training.learning_rate,
        epochs=settings.validation.epochs,
        network=networks.widened(settings.network, settings.validation.width),
    )
    network = networks.build(recipe.network, run.world.geometry, seed_of(job.seed, "validation")).to(job.device)
    most = run.memory.validated_at_once
    chance = stream(job.seed, "validation")
    training.train(network, images, labels, recipe, chance, job.precision, images_at_once=most)
    real = normalized(run.held_out, run.world.real.normalization, job.device, run.memory.real_bytes)
    accuracy = training.accuracy(network, real, run.held_out.labels.to(job.device), job.precision, most)
    # A value may overflow its stored type; chance alone is right on a tenth, and no file can hold it.
    # In parts, since the answer for all images takes more memory than they do.
    finite = all(bool(part.isfinite().all()) for values in (images, *stored.values()) for part in values.split(1024))
    if accuracy >= run.best_accuracy and finite:
        run.best_accuracy, run.best, run.best_iteration, run.best_rate = accuracy, stored, run.iteration, rate
    run.clock.accuracy = accuracy
    run.clock.check_seconds = time.monotonic() - started
    seconds = round(run.clock.seconds, 3)
    run.log.event("check", iteration=run.iteration, accuracy=accuracy, seconds=seconds, student_rate=rate)
    run.tell()


def _stored(run: Run) -> dict[str, Tensor]:
    """Copies of the arrays, rounded to their stored types: floats as float32, masks as bool."""
    specs = run.layout.arrays
    return {role: rounded(values.detach().clone(), specs[role]) for role, values in run.arrays.items()}


def _header(run: Run) -> Header:
    return jobs.header(run.job, run.layout, run.best_iteration, run.best_accuracy, run.best_rate)


def _write(run: Run) -> int:
    """Writes the best set so far; its bytes."""
    arrays = {role: values.cpu().numpy() for role, values in run.best.items()}
    return nsd_file.write(run.job.output, _header(run), arrays)


def _save(run: Run) -> None:
    of_ranks = run.ranks.to_first(run.draws.tensors())
    run.ranks.from_first(lambda: _write_checkpoint(run, of_ranks))
    run.saved = time.monotonic()


def _write_checkpoint(run: Run, of_ranks: list[dict[str, Tensor]]) -> None:
    """`of_ranks`: what each carries of its draws."""
    tensors = (
        checkpoints.named("arrays", run.arrays)
        | checkpoints.named("best", run.best)
        | checkpoints.named("optimizer", checkpoints.optimizer_tensors(run.optimizer, run.parameters))
    )
    for carried in of_ranks:
        tensors |= carried
    counters = {name: getattr(run, name) for name in COUNTERS}
    counters |= {"seconds": run.clock.seconds, "launch": run.job.launch}
    counters |= {"memory limit": run.job.memory, "memory": run.memory.document(), "compile": run.job.compile}
    Checkpoint(tensors, counters, jobs.identity(run.job)).write(run.job.checkpoint_path)


def _saved(job: Job) -> Checkpoint | None:
    """The checkpoint to resume: read before anything else, since making experts can take hours. None for a new run;
    an unfinished one is dropped only where that was asked for, and never one of the same launch."""
    atomic.check_writable(job.output)
    there = job.checkpoint_path.exists()
    if job.resume or (there and _of_this_launch(job)):
        saved = Checkpoint.read(job.checkpoint_path)
        saved.require(jobs.identity(job), job.checkpoint_path)
        return saved
    if there and not job.restart:
        raise InvalidSetting(
            f"{job.checkpoint_path} holds an unfinished run; go on with it by --resume, or drop it by --restart"
        )
    # Or a kill before the first new checkpoint would leave the old run to be resumed.
    job.checkpoint_path.unlink(missing_ok=True)
    return None


def _of_this_launch(job: Job) -> bool:
    return bool(job.launch) and Checkpoint.read(job.checkpoint_path).counters.get("launch") == job.launch


def _load(run: Run, saved: Checkpoint) -> None:
    with torch.no_grad():
        for role, values in checkpoints.below("arrays", saved.tensors).items():
            run.arrays[role].copy_(values)
    run.best = {role: values.to(run.job.device) for role, values in checkpoints.below("best", saved.tensors).items()}
    run.draws.load(saved.tensors)
    checkpoints.load_optimizer(run.optimizer, run.parameters, checkpoints.below("optimizer", saved.tensors))
    for name in COUNTERS:
        setattr(run, name, saved.counters[name])
    # A longer time limit than the run had moves the checks: those from here to the new end are still to be made.
    run.checked = min(run.checked, math.floor(run.clock.done(run.iteration) * run.job.settings.validation.checks))


def _interrupted(run: Run) -> str:
    """Writes the best file so far, and says how to go on; on rank 0 alone, and without a word to the others, who may
    be anywhere after a second Ctrl-C."""
    job = run.job
    if run.ranks.rank:
        return f"stopped at iteration {run.iteration}; rank 0 says what is written"
    run.log.event("interrupted", iteration=run.iteration)
    if not run.best:
        return "stopped before anything was reached; nothing was written"
    _write(run)
    return (
        f"stopped at iteration {run.iteration}; {job.output} holds the best so far "
        f"({run.best_accuracy:.1%} on held-out images); "
        + ("go on with the same command and --resume" if job.checkpoint_path.exists() else "there is no checkpoint yet")
    )


def _last_checkpoint(job: Job, ranks: Ranks) -> str:
    """What stands after the loss of a rank."""
    if ranks.rank:
        return "rank 0 says what to go on from"
    if job.checkpoint_path.exists():
        return (
            f"{job.checkpoint_path} holds the last checkpoint: go on with the same command and --resume, with any "
            "number of processes"
        )
    return "there is no checkpoint yet; experts that were finished are kept"
