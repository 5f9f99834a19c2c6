"""An iteration of a contender, timed, in a process of its own. After `process`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from measurement import process_memory
from nsdcodec.system.malloc import keep_freed_memory
from step_bench.contenders import contender
from step_bench.work import Problem, Work, problem


@dataclass(frozen=True)
class Lap:
    """`seconds` of an iteration; `memory` in bytes: by how much the iterations so far raised the peak of the process,
    on a GPU that of its tensors; None where the system does not tell."""

    seconds: float
    memory: int | None


def timed(name: str, work: Work, device_name: str) -> Callable[[int], Lap]:
    """A function of the iteration's number."""
    device = torch.device(device_name)
    chosen = contender(name)
    if chosen.keeps_memory:
        keep_freed_memory()
    made = problem(work, device, chosen.precision)
    iterate = chosen.open(made)
    before = _forget(device)

    def lap(iteration: int) -> Lap:
        if device.type == "cuda":
            # The memory that it keeps was given back after its last turn, for others: not to be asked for in this one.
            _run(iterate, made, iteration)
        seconds = _run(iterate, made, iteration)
        after = _peak(device)
        if device.type == "cuda":
            torch.cuda.empty_cache()
        return Lap(seconds, None if before is None or after is None else after - before)

    return lap


def _run(iterate: Callable[[int], None], made: Problem, iteration: int) -> float:
    for leaf in made.leaves:
        leaf.grad = None
    _wait(made.context.device)
    started = time.perf_counter()
    iterate(iteration)
    _wait(made.context.device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _forget(device: torch.device) -> int | None:
    """The peak from which on it is counted."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    process_memory.forget_peak()
    return _peak(device)


def _peak(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else process_memory.peak()
