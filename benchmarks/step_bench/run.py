"""The whole measurement of an iteration: hardware, works, contenders, gradients, to one document of plain data."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from measurement.machine import LoadMeter, made_by
from nsdcodec.errors import Interrupted, InvalidSetting
from step_bench import floor, gradients, targets
from step_bench.contenders import CONTENDERS, REFERENCE, contender
from step_bench.floor import Hardware
from step_bench.hardware import hardware
from step_bench.process import Failed, Process
from step_bench.rounds import Conditions, Listener, Timings, measure, ratio
from step_bench.work import Work

# Of each speed of the machine, before and after all else.
HARDWARE_SECONDS = 1.0


@dataclass(frozen=True)
class StepBench:
    """The works that are timed, and by whom: on a device by name ("cpu", "cuda:1"), with so many threads of torch, one
    figure of each contender a round. Raises InvalidSetting and UnknownName."""

    works: tuple[Work, ...] = (Work(160, 5), Work(160, 50))
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    rounds: int = 3
    threads: int = 2
    device: str = "cpu"
    command: str = ""

    def __post_init__(self) -> None:
        for name in self.contenders:
            contender(name)
        for what, given in (("works", self.works), ("contenders", self.contenders)):
            if not given or len(set(given)) < len(given):
                raise InvalidSetting(f"{what}: name at least one, and each once")
        if torch.device(self.device).type not in ("cpu", "cuda"):
            raise InvalidSetting(f"device is {self.device}; a step is measured on cpu or cuda")
        for field in ("rounds", "threads"):
            if getattr(self, field) < 1:
                raise InvalidSetting(f"{field} is {getattr(self, field)}; it must be at least 1")


def execute(bench: StepBench, listen: Listener = lambda done, text: None) -> dict[str, Any]:
    """Measures; the document that `report` shows: times in seconds, memory in bytes, operations and bytes a second.
    `listen` hears (done 0 to 1, text). Raises Failed where the machine or the exact gradient could not be measured, and
    Interrupted on Ctrl-C. It starts interpreters: a script calls it under `if __name__ == "__main__"`."""
    try:
        return _executed(bench, listen)
    except KeyboardInterrupt as error:
        raise Interrupted("stopped before the last round; nothing was written") from error


def _executed(bench: StepBench, listen: Listener) -> dict[str, Any]:
    meter = LoadMeter()
    conditions = Conditions(bench.device, bench.threads, bench.rounds)
    listen(0.0, "the speed of products and of memory")
    reached = _hardware(conditions)
    small = gradients.small(bench.works[0])
    near, failed = _gradients(bench, small, lambda text: listen(0.02, text))
    # By what they cost: an iteration's time is about that of its images and steps.
    costs = [work.images * work.steps for work in bench.works]
    timings: dict[Work, Timings] = {}
    for number, work in enumerate(bench.works):

        def tell(done: float, text: str, number: int = number, work: Work = work) -> None:
            part = (sum(costs[:number]) + done * costs[number]) / sum(costs)
            listen(0.05 + 0.95 * part, f"{work.name}: {text}")

        timings[work] = measure(work, bench.contenders, conditions, tell)
    reached = reached.better(_hardware(conditions))
    device = torch.device(bench.device)
    load = meter.load()
    verdicts = targets.judged(timings, bench.contenders, device.type)
    return {
        "bench": "step",
        "device": str(device) if device.type != "cuda" else torch.cuda.get_device_name(device),
        "threads": bench.threads,
        "rounds": bench.rounds,
        "hardware": asdict(reached),
        "works": [_work(work, found, bench.contenders, reached) for work, found in timings.items()],
        "gradients": {
            "work": asdict(small),
            "contenders": {name: asdict(found) for name, found in near.items()},
            "skipped": failed,
        },
        "targets": [asdict(verdict) for verdict in verdicts],
        "load": None if load is None else asdict(load),
        "command": bench.command,
        "made_by": made_by(),
    }


def _hardware(conditions: Conditions) -> Hardware:
    with Process(conditions.threads, hardware, conditions.device, HARDWARE_SECONDS) as process:
        return process.ask()


def _gradients(
    bench: StepBench, small: Work, tell: Callable[[str], None]
) -> tuple[dict[str, gradients.Nearness], dict[str, str]]:
    """Of each contender, and why one has none."""
    tell("the exact gradient")
    exact = gradients.exact(small, bench.device, bench.threads)
    near, failed = {}, {}
    for name in bench.contenders:
        tell(f"{name}: its gradient")
        try:
            near[name] = gradients.nearness(name, small, bench.device, bench.threads, exact)
        except Failed as error:
            failed[name] = str(error)
    return near, failed


def _work(work: Work, timings: Timings, names: tuple[str, ...], reached: Hardware) -> dict[str, Any]:
    floors = {precision: floor.seconds(work, precision, reached) for precision in floor.BYTES}
    return {
        **asdict(work),
        "forward_flops": sum(floor.layer_flops(work)),
        "floor_flops": floor.published_flops(work),
        "floor_bytes": {precision: floor.moved_bytes(work, precision) for precision in floor.BYTES},
        "floor": floors,
        "foretold_memory": timings.foretold,
        "skipped": timings.skipped,
        "contenders": [_row(name, work, timings, floors) for name in names if name in timings.laps],
    }


def _row(name: str, work: Work, timings: Timings, floors: dict[str, float]) -> dict[str, Any]:
    chosen = contender(name)
    by_name = {each: timings.seconds(each) for each in timings.laps}
    seconds = statistics.median(by_name[name])
    return {
        "name": name,
        "about": chosen.about,
        "precision": chosen.precision,
        "seconds": seconds,
        "by_round": by_name[name],
        "first": timings.laps[name][0].seconds,
        "against_published": ratio(by_name, name, REFERENCE),
        "memory": timings.memory(name),
        "flops": chosen.flops(work) / seconds,
        "floor_share": floors[chosen.precision] / seconds,
    }
