"""What an encode will make and take, told before it: a few timed steps and a part of a check, and no file."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from nsdcodec.encoding import compilation
from nsdcodec.encoding.draws import StepStatus
from nsdcodec.encoding.encoder import TIMED_STEPS, iterate, plan_checks
from nsdcodec.encoding.layout_plan import expected_bytes, plan
from nsdcodec.encoding.memory_plan import plan_memory
from nsdcodec.encoding.progress import Clock, Listener, Log, Reporter
from nsdcodec.encoding.run import Run, context, start
from nsdcodec.encoding.task import Output, Task, hold_out, largest_file
from nsdcodec.encoding.validation import forecast as seconds_of_a_check
from nsdcodec.format.container.contents import MAX_FILE_BYTES
from nsdcodec.format.layout import Layout
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.derivatives.compiled import kernels
from nsdcodec.system.free_memory import resident_bytes
from nsdcodec.system.ranks import Ranks

# On a busy machine, one short iteration takes several times as long as another.
TIMED_SECONDS, MOST_TIMED = 2.0, 20


@dataclass(frozen=True)
class Times:
    """Seconds of preparing, of an iteration and of a check, how many iterations and checks there will be, and the
    seconds of all. `memory` is what the process, or what was made on its GPU, took in bytes after the timed steps."""

    preparing: float
    iteration: float
    check: float
    iterations: int
    checks: int
    seconds: float
    memory: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forecast:
    """`file_bytes` is about what the file will take, by a trial coding, and `most_bytes` what it will not exceed.
    `times` are None where experts are to be trained first, as many as `missing_experts`: without them no iteration can
    be timed."""

    layout: Layout
    file_bytes: int
    most_bytes: int
    missing_experts: int
    times: Times | None


def forecast(
    task: Task,
    compute: Compute | None = None,
    *,
    experts_folder: Path = Path("experts"),
    listen: Listener = lambda progress: None,
    started: float | None = None,
) -> Forecast:
    """Of `encode` with the same arguments, on the machine as it is now; `started` is when the command did, since a time
    limit counts from there. Writes nothing. Raises what `encode` does before its first iterations, so also
    InvalidSetting for a time limit that is too short."""
    compute = compute or Compute()
    began = time.monotonic() if started is None else started
    layout = plan(task, compute).layout
    most = min(largest_file(task, compute, layout), task.budget.file_bytes or MAX_FILE_BYTES)
    sizes = min(expected_bytes(task, compute, layout), most), most
    compile, notes = compilation.settled(task, compute, layout)
    compute = replace(compute, compile=compile)
    memory = plan_memory(compute, task.settings, task.source, layout)
    if task.settings.trains_networks:
        source, _ = hold_out(task)
        own = context(task, compute, source, memory, experts_folder, listen)
        missing = task.settings.objective.missing_experts(own)
        if task.settings.parameterization.label_init == "teachers":
            missing += task.settings.teachers.missing(own)
        if missing:
            return Forecast(layout, *sizes, missing, None)
    reporter = Reporter(Clock(0.0, began, task.time_limit, task.settings.iterations), Log(None, keep=False), listen)
    with kernels(compile), compute.tf32():
        run = start(
            task,
            compute,
            layout,
            memory,
            output=Output(Path()),
            experts_folder=experts_folder,
            reporter=reporter,
            ranks=Ranks(),
        )
        run.notes += notes
        return Forecast(layout, *sizes, 0, _times(run))


def _times(run: Run) -> Times:
    task, clock, settings = run.task, run.reporter.clock, run.task.settings
    preparing = clock.spent["preparing"] = time.monotonic() - clock.started
    if settings.objective.trains:
        _time_steps(run)
    if task.time_limit is None or not settings.objective.trains:
        clock.check_seconds = seconds_of_a_check(run)
        iterations = settings.iterations if settings.objective.trains else 0
        # One before the first iteration.
        checks = settings.validation.checks + 1 if iterations else 1
        seconds = preparing + iterations * clock.step_seconds + checks * clock.check_seconds
    else:
        checks, _ = plan_checks(run)
        if checks and task.start is not None:
            checks += 1  # before the first iteration
        seconds = task.time_limit
        left = seconds - preparing - clock.spent["checking"] - checks * clock.check_seconds
        iterations = max(0, round(left / clock.step_seconds))
    device = run.compute.device
    memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else resident_bytes()
    return Times(
        preparing, clock.step_seconds, clock.check_seconds, iterations, checks, seconds, memory, tuple(run.notes)
    )


def _time_steps(run: Run) -> None:
    """The mean of all but the first, which takes longer than others: of TIMED_STEPS, or where these are short, of as
    many as take TIMED_SECONDS, at most MOST_TIMED."""
    ends: list[float] = []
    while len(ends) < TIMED_STEPS or (ends[-1] - ends[0] < TIMED_SECONDS and len(ends) < MOST_TIMED):
        iterate(run, 0.0, lambda: StepStatus(False, False, 0.0))
        run.iteration += 1
        run.steps += 1
        ends.append(time.monotonic())
    run.reporter.clock.stepped((ends[-1] - ends[0]) / (len(ends) - 1))
