"""The targets of an iteration, each with its measured figure. After `rounds`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from measurement.verdict import Verdict
from step_bench.contenders import CONTENDERS, REFERENCE, contender
from step_bench.rounds import Timings, ratio
from step_bench.work import Work


@dataclass(frozen=True)
class TimeTarget:
    """On this kind of device ours takes at most `most` of the published loop's time for the work."""

    device_type: str
    work: Work
    most: float


TIME_TARGETS = (
    TimeTarget("cpu", Work(160, 5), 0.5),
    TimeTarget("cuda", Work(160, 50), 0.2),
    TimeTarget("cuda", Work(300, 60), 0.2),
)
# Memory must not grow with the steps: that of the second work in units of the first's.
FEW_STEPS, MANY_STEPS, MOST_MEMORY = Work(160, 5), Work(160, 50), 1.3


def judged(timings: Mapping[Work, Timings], names: tuple[str, ...], device_type: str) -> list[Verdict]:
    """Every target on this kind of device, of each contender of ours; a work or a contender that was not measured is
    said to be so."""
    verdicts = []
    ours = [name for name in names if contender(name).ours]
    for comparison in TIME_TARGETS:
        if comparison.device_type == device_type:
            of_work = timings.get(comparison.work, Timings())
            seconds = {name: of_work.seconds(name) for name in of_work.laps}
            for name in ours:
                for other in others(name):
                    found = ratio(seconds, name, other)
                    verdicts.append(_at_most(f"{name} against {other}", comparison.work.name, comparison.most, found))
    for name in ours:
        few, many = (_memory(timings.get(work), name) for work in (FEW_STEPS, MANY_STEPS))
        grown = many / few if few and many else None
        what = f"{name}: memory against that of {FEW_STEPS.name}"
        verdicts.append(_at_most(what, MANY_STEPS.name, MOST_MEMORY, grown, of_time=False))
    return verdicts


def others(name: str) -> list[str]:
    """What a contender of ours is compared with: the published loop in float32, as it was published, and in the
    contender's own precision."""
    same = [
        other
        for other, found in CONTENDERS.items()
        if not found.ours and not found.keeps_memory and found.precision == contender(name).precision
    ]
    return list(dict.fromkeys([REFERENCE, *same]))


def _memory(timings: Timings | None, name: str) -> int | None:
    return None if timings is None or name not in timings.laps else timings.memory(name)


def _at_most(target: str, of: str, most: float, found: float | None, of_time: bool = True) -> Verdict:
    measured = None if found is None else f"{found:.3g} x"
    return Verdict(target, of, f"<= {most:g} x", measured, None if found is None else found <= most, of_time)
