"""Iterations of all contenders in turn, so that noise of the machine hits all alike; and what would not fit memory is
left out before it runs. After `timed`.

Of each round every contender has one figure; what compares two of them is the median of the rounds' ratios.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import torch

from nsdcodec.system.free_memory import free_memory
from step_bench import floor
from step_bench.contenders import contender
from step_bench.process import Failed, Process
from step_bench.timed import Lap, timed
from step_bench.work import Work

Listener = Callable[[float, str], None]
# The numbers of steps whose memory foretells that of more.
FEW = (1, 3)
# Of what is foretold, for the error of that, and for what others take meanwhile.
MARGIN = 1.15


@dataclass(frozen=True)
class Conditions:
    """Where and how often: a device by name, threads of torch, and rounds."""

    device: str
    threads: int
    rounds: int

    @property
    def free(self) -> int:
        return free_memory(torch.device(self.device))


@dataclass
class Timings:
    """Of a work: each contender's laps, the first of which no figure of speed counts, and why others have none."""

    laps: dict[str, list[Lap]] = field(default_factory=dict)
    foretold: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def seconds(self, name: str) -> list[float]:
        """By round."""
        return [lap.seconds for lap in self.laps[name][1:]]

    def memory(self, name: str) -> int | None:
        """The peak of all its iterations."""
        return self.laps[name][-1].memory


def measure(work: Work, names: tuple[str, ...], conditions: Conditions, listen: Listener) -> Timings:
    """A first iteration of each contender, then one in each round; `listen` hears (done 0 to 1, text)."""
    timings = Timings()
    with ExitStack() as stack:
        processes: dict[str, Process[[int], Lap]] = {}
        # The largest last: when it is weighed, what the others keep is taken already.
        for name in sorted(names, key=lambda name: contender(name).keeps_graph):
            listen(0.0, f"{name}: first iteration")
            why = _too_large(name, work, conditions, timings)
            if why is not None:
                timings.skipped[name] = why
                continue
            processes[name] = stack.enter_context(Process(conditions.threads, timed, name, work, conditions.device))
            timings.laps[name] = []
            _lap(name, 0, processes, timings)
        for number in range(conditions.rounds):
            # Another one begins each time: who comes after a large one finds caches of the processor cold.
            names = tuple(processes)
            for turn in range(len(names)):
                name = names[(turn + number) % len(names)]
                done = (1 + number + turn / len(names)) / (1 + conditions.rounds)
                listen(done, f"{name}: round {number + 1} of {conditions.rounds}")
                _lap(name, number + 1, processes, timings)
    return timings


def _lap(name: str, number: int, processes: dict[str, Process[[int], Lap]], timings: Timings) -> None:
    """One that fails is out of the race: the figures of the others stand."""
    try:
        timings.laps[name].append(processes[name].ask(number))
    except Failed as error:
        timings.skipped[name] = str(error)
        del processes[name], timings.laps[name]


def _too_large(name: str, work: Work, conditions: Conditions, timings: Timings) -> str | None:
    """Why a contender cannot run, by the memory of a few steps; None where it can."""
    if not contender(name).keeps_graph:
        return None
    precision = contender(name).precision
    most = replace(work, steps=min(FEW[-1], work.steps))
    counted = floor.graph_bytes(most, precision)
    if counted * MARGIN > conditions.free:
        return _reason(counted, conditions, f"of {most.steps} steps ")
    foretold = floor.graph_bytes(work, precision)
    if work.steps > FEW[-1]:
        try:
            found = [_memory(name, replace(work, steps=steps), conditions) for steps in FEW]
        except Failed as error:
            return str(error)
        if None not in found:
            foretold = extrapolated({steps: memory or 0 for steps, memory in zip(FEW, found, strict=True)}, work.steps)
    timings.foretold[name] = foretold
    return _reason(foretold, conditions, "") if foretold * MARGIN > conditions.free else None


def _reason(needed: int, conditions: Conditions, what: str) -> str:
    return f"the graph {what}would take about {needed / 1e9:.1f} GB, and {conditions.free / 1e9:.1f} GB are free"


def _memory(name: str, work: Work, conditions: Conditions) -> int | None:
    with Process(conditions.threads, timed, name, work, conditions.device) as process:
        return process.ask(0).memory


def extrapolated(memory: Mapping[int, int], steps: int) -> int:
    """Bytes for so many steps, on the line through those for two numbers of steps."""
    (few, least), (more, most) = memory.items()
    return round(least + (steps - few) * (most - least) / (more - few))


def ratio(seconds: Mapping[str, list[float]], name: str, other: str) -> float | None:
    """How long a contender takes in units of another one, round by round: the median; None where one is missing."""
    if name not in seconds or other not in seconds:
        return None
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[other], strict=True))
