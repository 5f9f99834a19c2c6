"""The checkpoint of a run: found and checked before anything else, loaded into the run, written as it goes on."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from nsdcodec.encoding import checkpoint as checkpoints
from nsdcodec.encoding.checkpoint import Checkpoint
from nsdcodec.encoding.run import Run
from nsdcodec.encoding.task import Output, Task, identity, lifted
from nsdcodec.errors import FileAccess, InvalidSetting, NsdError
from nsdcodec.format.container import file as nsd_file
from nsdcodec.learning.compute import Compute
from nsdcodec.system import atomic

# What a checkpoint keeps beside the tensors.
COUNTERS = (
    *("iteration", "checked", "skipped", "skipped_in_a_row", "best_accuracy", "best_iteration", "best_rate"),
    *("coarseness", "best_coarseness", "packed_bytes"),
)


def check(output: Output) -> bool:
    """Whether the run goes on from a checkpoint. Raises InvalidSetting where one is there and neither that nor to drop
    it was asked for, and FileAccess where the output cannot be written, or stands there and is not to be replaced."""
    for path in (output.path, output.checkpoint):  # whose name is the longest
        atomic.check_writable(path)
    there = output.checkpoint.exists()
    resumes = output.resume or (there and _of_this_launch(output))
    if there and not resumes and not output.restart:
        raise InvalidSetting(
            f"{output.checkpoint} holds an unfinished run; go on with it by --resume, or drop it by --restart"
        )
    # That of the run that the checkpoint is of, unless somebody has put another file in its place since.
    made_by_it = there and _is_nsd(output.path)
    if output.path.exists() and not output.overwrite and not made_by_it and (there or not resumes):
        raise FileAccess(f"{output.path} is there already; give another name, or --overwrite to replace it")
    return resumes


def find(task: Task, compute: Compute, output: Output) -> Checkpoint | None:
    """The checkpoint to resume: read before anything else, since making experts can take hours. None for a new run;
    an unfinished one is dropped only where that was asked for, and never one of the same launch."""
    if check(output):
        saved = Checkpoint.read(output.checkpoint)
        saved = replace(saved, identity=lifted(saved.identity, task))
        saved.require(identity(task, compute), output.checkpoint)
        return saved
    # Or a kill before the first new checkpoint would leave the old run to be resumed.
    output.checkpoint.unlink(missing_ok=True)
    return None


def _is_nsd(path: Path) -> bool:
    try:
        nsd_file.read(path)
    except NsdError:
        return False
    return True


def _of_this_launch(output: Output) -> bool:
    return bool(output.launch) and Checkpoint.read(output.checkpoint).counters.get("launch") == output.launch


def load(run: Run, saved: Checkpoint) -> None:
    """Raises InvalidSetting where the budget buys other arrays now than it did for the checkpoint: files of 0.1 had
    another header, which counts in a budget of bytes."""
    shapes = {role: tuple(values.shape) for role, values in checkpoints.below("arrays", saved.tensors).items()}
    wanted = {role: tuple(values.shape) for role, values in run.arrays.items()}
    if shapes != wanted:
        raise InvalidSetting(
            f"{run.output.checkpoint} holds arrays of the shapes {shapes}, and this version plans {wanted} for the "
            "budget, since the header of its files is another; start anew by --restart"
        )
    with torch.no_grad():
        for role, values in checkpoints.below("arrays", saved.tensors).items():
            run.arrays[role].copy_(values)
    run.best = {
        role: values.to(run.compute.device) for role, values in checkpoints.below("best", saved.tensors).items()
    }
    run.draws.load(saved.tensors)
    checkpoints.load_optimizer(run.optimizer, run.parameters, checkpoints.below("optimizer", saved.tensors))
    # Earlier checkpoints have not all.
    for name in set(COUNTERS) & saved.counters.keys():
        setattr(run, name, saved.counters[name])
    run.notes += [note for note in saved.counters.get("notes", []) if note not in run.notes]


def save(run: Run) -> None:
    """Where the checkpoint cannot be written, on a full disk for example, the run goes on: its file is smaller, and
    what it has reached is in memory. `run.unsaved` says why, for the user."""
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
    counters |= {"seconds": run.reporter.clock.seconds, "launch": run.output.launch, "notes": run.notes}
    counters |= {"memory limit": run.compute.memory, "memory": run.memory.document(), "compile": run.compute.compile}
    try:
        Checkpoint(tensors, counters, identity(run.task, run.compute)).write(run.output.checkpoint)
        run.unsaved = ""
    except FileAccess as error:
        run.unsaved = f"the last checkpoint could not be written: {error}"
        run.reporter.log.event("no checkpoint", error=str(error))
