"""The encoder: real images in, the best file out. `encode` reads straight down.

    source -> layout for the budget -> initial arrays -> [synthesis -> objective -> step]* -> best checkpoint -> file

Random only in (seed, purpose, iteration), so that a resumed run does what the uninterrupted one would have done: bit
for bit on a CPU with the same number of threads, where `iterations` and not a time limit ends it. Several ranks
share the draws of an iteration; each has all arrays and takes the same steps, rank 0 alone validates and writes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from nsdcodec.encoding import compilation, draws, resuming
from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.encoding.draws import Averaged, StepStatus
from nsdcodec.encoding.experts import Experts
from nsdcodec.encoding.layout_plan import plan, planned_for
from nsdcodec.encoding.memory_plan import plan_memory
from nsdcodec.encoding.progress import Clock, Listener, Log, Progress, Reporter, deferred_signals
from nsdcodec.encoding.rounding import as_stored, straight_through
from nsdcodec.encoding.run import UNCHECKED, Run, context, start
from nsdcodec.encoding.task import Output, Task, header, hold_out
from nsdcodec.encoding.validation import fit, forecast, keep_unchecked, validate
from nsdcodec.errors import Diverged, Interrupted, InvalidSetting, OutOfMemory, RankLost
from nsdcodec.format import synthesis
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.container.header import Header
from nsdcodec.format.layout import Layout
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives.compiled import kernels
from nsdcodec.learning.memory_plan import MemoryPlan
from nsdcodec.system.randomness import stream
from nsdcodec.system.ranks import Ranks

__all__ = ["Compute", "EncodeResult", "Output", "Progress", "Task", "encode", "make_experts"]

Rescue = Callable[[], str | None]

MOST_SKIPPED_IN_A_ROW = 20
# Of a time limit: checks take at most this share, told after so many steps; and fewer steps would not be worth a run.
SHARE, TIMED_STEPS, LEAST_STEPS = 0.2, 3, 10


@dataclass(frozen=True)
class EncodeResult:
    """`validation` is the accuracy of the chosen checkpoint on held-out training images, 0 to 1; None where a time
    limit left no time to judge any, and the last state was taken. `times` are seconds of this run by what they went to.
    `notes` say what the user should know of how it was computed."""

    output: Path
    nbytes: int
    header: Header
    validation: float | None
    iterations: int
    skipped: int
    seconds: float
    times: dict[str, float]
    notes: tuple[str, ...] = ()


def encode(
    task: Task,
    output: Output,
    compute: Compute | None = None,
    *,
    experts_folder: Path = Path("experts"),
    listen: Listener = lambda progress: None,
    ranks: Ranks | None = None,
    started: float | None = None,
    rescue_by: Callable[[Rescue], object] = lambda rescue: None,
) -> EncodeResult:
    """Runs the task, writes its file, and removes its checkpoint unless `output` keeps it. Trajectory matching looks
    for its experts in `experts_folder`, and makes those that are missing. `listen` hears of progress. With `ranks`, all
    of them call this with the same task, each on its own device, and get the same result.

    Ctrl-C and SIGTERM end it when the main thread is back from the call of PyTorch that it is in. A program that will
    not wait for that takes what `rescue_by` gets before the first iteration: called in any thread, it writes the best
    file so far and returns what Interrupted would say, or None where the run is ending by itself. Then end the process.

    Raises OverBudget before any training; Interrupted on Ctrl-C or SIGTERM, with the best file so far written and a
    checkpoint to go on from; Diverged; OutOfMemory; FileAccess; RankLost; what the source and the settings raise.
    """
    ranks = ranks or Ranks()
    draws.check(task.settings.optimizer.draws, ranks)
    try:
        began = time.monotonic() if started is None else started
        return _encode(task, output, compute or Compute(), experts_folder, listen, ranks, began, rescue_by)
    except RankLost as error:
        raise RankLost(f"{error}; {_last_checkpoint(output, ranks)}") from error


def _encode(
    task: Task,
    output: Output,
    compute: Compute,
    experts_folder: Path,
    listen: Listener,
    ranks: Ranks,
    started: float,
    rescue_by: Callable[[Rescue], object],
) -> EncodeResult:
    saved = ranks.from_first(lambda: resuming.find(task, compute, output))
    planned = ranks.from_first(
        lambda: plan(task, compute) if saved is None else planned_for(task, saved.counters.get("packed_bytes"), compute)
    )
    layout = planned.layout
    if saved is not None and compute.compile is None:
        # It would round otherwise, as with other chunks (`_memory`).
        compute = replace(compute, compile=saved.counters["compile"])
    # Every rank has a device of its own, and the first one's answer.
    compile, notes = ranks.from_first(lambda: compilation.settled(task, compute, layout))
    compute = replace(compute, compile=compile)
    log = Log(None if ranks.rank else output.log, keep=saved is not None)
    seconds = saved.counters["seconds"] if saved else 0.0
    reporter = Reporter(Clock(seconds, started, task.time_limit, task.settings.iterations), log, listen)
    with kernels(compile), compute.tf32():
        try:
            memory = ranks.from_first(lambda: _memory(task, compute, layout, saved))
            run = start(
                task,
                compute,
                layout,
                memory,
                output=output,
                experts_folder=experts_folder,
                reporter=reporter,
                ranks=ranks,
            )
        except KeyboardInterrupt as error:
            kept = f"; {_kept(experts_folder)}" if task.settings.trains_networks else ""
            raise Interrupted(f"stopped before the first iteration; nothing was written{kept}") from error
        if saved is None:
            run.packed_bytes = planned.packed_bytes
            run.coarseness = ranks.from_first(lambda: _and_coarseness(run, fit))
        else:
            resuming.load(run, saved)
        run.notes += [note for note in notes if note not in run.notes]
        rescue_by(lambda: _rescued(run))
        return _run_to_its_end(run)


def _run_to_its_end(run: Run) -> EncodeResult:
    run.reporter.log.event(
        "start",
        iteration=run.iteration,
        settings=run.task.settings.flat(),
        elements=run.layout.elements,
        images=run.layout.images,
        notes=run.notes,
        memory=run.memory.document(),
    )
    clock = run.reporter.clock
    clock.spent["preparing"] = time.monotonic() - clock.started
    try:
        with deferred_signals(run.stop):
            _loop(run)
            with run.ending:
                return run.ranks.from_first(lambda: _finish(run))
    except (Interrupted, KeyboardInterrupt) as error:
        with run.ending:
            # A step that was cut short is not saved: the last checkpoint stands.
            if isinstance(error, Interrupted):
                resuming.save(run)
            raise Interrupted(_interrupted(run)) from error
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            f"{run.compute.device} is out of memory at iteration {run.iteration}: {str(error).splitlines()[0]}; lower "
            "objective.student_batch, objective.student_steps, objective.real_per_class or network.width by --set"
            + "".join(f" ({note})" for note in run.notes)
        ) from error


def _finish(run: Run) -> EncodeResult:
    if not run.best:
        keep_unchecked(run)
    size, seconds = _write(run), run.reporter.clock.seconds
    accuracy, times = _accuracy(run), run.reporter.clock.times
    if not run.output.keep_checkpoint:
        run.output.checkpoint.unlink(missing_ok=True)
    run.reporter.log.event("end", iteration=run.iteration, validation=accuracy, bytes=size, seconds=seconds)
    run.notes += [failure for failure in (run.unsaved, run.reporter.log.incomplete) if failure]
    return EncodeResult(
        run.output.path,
        size,
        _header(run),
        accuracy,
        run.iteration,
        run.skipped,
        seconds,
        times,
        tuple(run.notes),
    )


def make_experts(
    task: Task,
    folder: Path,
    compute: Compute | None = None,
    *,
    listen: Listener = lambda progress: None,
) -> Experts:
    """The expert trajectories that `encode` of the same task would match, in `folder`; makes those that are missing.
    The task's budget does not matter. Raises InvalidSetting where its objective matches none, and Interrupted on
    Ctrl-C."""
    compute = compute or Compute()
    memory = plan_memory(compute, task.settings, task.source, None)
    source, _ = hold_out(task)
    try:
        return task.settings.objective.expert_trajectories(context(task, compute, source, memory, folder, listen))
    except KeyboardInterrupt as error:
        raise Interrupted(f"stopped; {_kept(folder)}") from error


def _kept(folder: Path) -> str:
    return f"experts that were finished are kept in {folder}, and the same command goes on from them"


def _memory(task: Task, compute: Compute, layout: Layout, saved: Checkpoint | None) -> MemoryPlan:
    """What is free differs from one moment to the next, and results by the rounding of the chunks: a run that goes on
    has the plan that it began with, unless it is given another limit."""
    if saved is not None and saved.counters.get("memory limit", 0) == compute.memory:
        return MemoryPlan(**saved.counters["memory"])
    return plan_memory(compute, task.settings, task.source, layout)


def _loop(run: Run) -> None:
    settings, clock, log = run.task.settings, run.reporter.clock, run.reporter.log
    if run.task.time_limit is None or not settings.objective.trains:
        run.checks = settings.validation.checks
        if run.checked < 0:
            _check(run)
    elif run.ranks.from_first(lambda: _judges_start(run)):
        _check(run)
    done = run.ranks.from_first(lambda: clock.done(run.iteration))
    # Without iterations, what was judged is what there will be.
    trains = settings.objective.trains and (run.task.time_limit is not None or settings.iterations > 0)
    while trains:
        # The first step takes longer than others.
        if run.checks is None and _steps_are_timed(run, done):
            run.checks, run.checked = run.ranks.from_first(lambda: plan_checks(run))
            done = run.ranks.from_first(lambda: clock.done(run.iteration))
        if run.checks is not None and run.checked < math.floor(done * run.checks + 1e-9):
            _check(run)
            # After the check, which takes time: those that fell into it would judge the same set.
            done = run.ranks.from_first(lambda: clock.done(run.iteration))
            run.checked = math.floor(done * run.checks + 1e-9)
            resuming.save(run)
        if done >= 1 and (run.checks is not None or run.iteration):
            return
        started = time.monotonic()
        step = iterate(run, done, lambda: _status(run))
        run.iteration += 1
        run.steps += 1
        clock.stepped(time.monotonic() - started)
        # Of a time limit, the clock of rank 0 is everyone's.
        done = clock.done(run.iteration) if run.task.time_limit is None else step.statuses[0].done
        if log.due():
            seconds = round(clock.seconds, 3)
            terms = {name: term.item() for name, term in step.terms.items()}
            log.event("step", iteration=run.iteration, loss=step.loss, seconds=seconds, skipped=run.skipped, **terms)
            run.reporter.tell(run.iteration, run.layout.images, step.loss)
        if any(status.stop for status in step.statuses):
            raise Interrupted
        if step.statuses[0].save:
            resuming.save(run)


def _steps_are_timed(run: Run, done: float) -> bool:
    """The first step takes longer than those after it."""
    return run.steps >= TIMED_STEPS or (run.steps > 1 and done > 0.1) or (run.steps == 1 and done >= 1)


def plan_checks(run: Run) -> tuple[int, int]:
    """By a time limit: how often the set is judged, so that this takes at most SHARE of the limit, and how many of
    these are behind it. Raises InvalidSetting where a new run has not the time for LEAST_STEPS."""
    clock, limit = run.reporter.clock, run.task.time_limit
    assert limit is not None
    ready, a_step = clock.spent["preparing"], clock.fastest_step
    shortest = clock.seconds + (LEAST_STEPS - run.steps) * a_step
    if run.steps == run.iteration and shortest > limit:
        kept = "; what was trained for it is kept, so that the same command prepares sooner"
        raise InvalidSetting(
            f"--time {limit:g}s: it took {ready:.1f} s to prepare, and a step takes {a_step:.1f} s; give at least "
            f"{math.ceil(1.1 * shortest)}s, for {LEAST_STEPS} steps, or make a step cheaper: --set network.width="
            f"{max(1, run.task.settings.network.width // 2)}{kept if run.task.settings.trains_networks else ''}"
        )
    clock.check_seconds = forecast(run)
    checks = min(run.task.settings.validation.checks, _affordable(run))
    if not checks:
        run.notes.append(
            f"the set was not judged on held-out images: a check takes {clock.check_seconds:.0f} s, more than a fifth "
            f"of the {limit:g} s; --set validation.epochs={run.task.settings.validation.epochs // 2} would halve it"
        )
        clock.check_seconds = 0.0
    # The last is still to come: the set has changed since any that was made.
    return checks, max(0, min(checks - 1, math.floor(clock.done(run.iteration) * checks)))


def _affordable(run: Run) -> int:
    """By a time limit: how many checks fit SHARE of it, besides that of the start, where there is one. A start that
    was judged is compared with what became of it, at the least."""
    assert run.task.time_limit is not None
    most = int(SHARE * run.task.time_limit / run.reporter.clock.check_seconds)
    if run.task.start is None:
        return most
    return max(most - 1, 1 if run.best else 0)


def _judges_start(run: Run) -> bool:
    """By a time limit: whether the file that a new run begins from is judged first, since there is the time to judge
    also what becomes of it."""
    if run.task.start is None or run.iteration or run.checked >= 0:
        return False
    run.reporter.clock.check_seconds = forecast(run)
    return _affordable(run) > 0


def _status(run: Run) -> StepStatus:
    """What this rank tells the others with the gradients of an iteration, of how to go on after it."""
    save = time.monotonic() - run.saved >= run.output.checkpoint_seconds
    return StepStatus(run.stop.is_set(), save, run.reporter.clock.done(run.iteration + 1))


def iterate(run: Run, done: float, status: Callable[[], StepStatus]) -> Averaged:
    """One step. If loss or gradient is not finite, nothing changes and it is counted."""
    settings = run.task.settings.optimizer
    if settings.decay:
        for group in run.optimizer.param_groups:
            group["lr"] = group["full_rate"] * 0.5 * (1 + math.cos(math.pi * done))
    generator = stream(run.task.seed, "in training", run.iteration)
    coarse = straight_through(run.arrays, run.layout, run.coarseness)
    arrays = run.task.settings.parameterization.in_training(coarse, generator)
    images, labels = run.images(arrays), synthesis.labels(run.layout, arrays, run.compute.device)
    parameters = list(run.parameters.values())
    step = run.draws.averaged(images, labels, run.iteration, parameters, status)
    run.notes += [note for note in step.notes if note not in run.notes]
    if step.finite:
        for parameter, gradient in zip(parameters, step.gradients, strict=True):
            parameter.grad = gradient
        run.optimizer.step()
        run.optimizer.zero_grad(set_to_none=True)
        run.draws.constrain()
        run.skipped_in_a_row = 0
        return step
    run.skipped += 1
    run.skipped_in_a_row += 1
    if run.skipped_in_a_row >= MOST_SKIPPED_IN_A_ROW:
        raise Diverged(
            f"{run.skipped_in_a_row} steps in a row had a loss that is not finite, at iteration {run.iteration}; "
            f"lower the rate: --set optimizer.learning_rate={settings.learning_rate / 4:g}"
        )
    return step


def _check(run: Run) -> None:
    """The others wait, since training networks side by side would help nobody. All go on with the coarseness that the
    set was fitted to its budget by."""

    run.coarseness = run.ranks.from_first(lambda: _and_coarseness(run, validate))
    run.checked = max(run.checked, 0)


def _and_coarseness(run: Run, do: Callable[[Run], None]) -> float:
    do(run)
    return run.coarseness


def _interrupted(run: Run) -> str:
    """Writes the best file so far, and says how to go on; on rank 0 alone, and without a word to the others, who may
    be anywhere after a second Ctrl-C."""
    output = run.output
    if run.ranks.rank:
        return f"stopped at iteration {run.iteration}; rank 0 says what is written"
    run.reporter.log.event("interrupted", iteration=run.iteration)
    if not run.best and not run.iteration:
        return "stopped before anything was reached; nothing was written"
    if not run.best:
        keep_unchecked(run)
    _write(run)
    accuracy = _accuracy(run)
    judged = "not judged yet" if accuracy is None else f"{accuracy:.1%} on held-out images"
    return (
        f"stopped at iteration {run.iteration}; {output.path} holds the best so far ({judged}); "
        + ("go on with the same command and --resume" if output.checkpoint.exists() else "there is no checkpoint yet")
        + (f" ({run.unsaved})" if run.unsaved else "")
    )


def _rescued(run: Run) -> str | None:
    """As `_interrupted`, from another thread while the main one is in a step; then the process is to end, so what it
    took it keeps. None where the run is ending already."""
    return _interrupted(run) if run.ending.acquire(blocking=False) else None


def _header(run: Run) -> Header:
    return header(run.task, run.compute, run.layout, run.best_iteration, _accuracy(run), run.best_rate)


def _accuracy(run: Run) -> float | None:
    """That of the best set, where it was judged."""
    return None if run.best_accuracy == UNCHECKED else run.best_accuracy


def _write(run: Run) -> int:
    """Writes the best set so far; its bytes."""
    arrays = as_stored(run.best, run.layout, run.best_coarseness)
    return nsd_file.write(run.output.path, _header(run), arrays)


def _last_checkpoint(output: Output, ranks: Ranks) -> str:
    """What stands after the loss of a rank."""
    if ranks.rank:
        return "rank 0 says what to go on from"
    if output.checkpoint.exists():
        return (
            f"{output.checkpoint} holds the last checkpoint: go on with the same command and --resume, with any "
            "number of processes"
        )
    return "there is no checkpoint yet; experts that were finished are kept"
