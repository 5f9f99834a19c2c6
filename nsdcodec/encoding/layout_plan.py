"""Plan the layout that fills a budget of bytes, by trial codings of its initial arrays.

How well zstd compresses a set differs by parameterization, stored type and images, so it is tried, not reckoned: the
parameterization is asked for layouts of more and more packed bytes, and the largest whose file fits is taken. Where
training will follow, the initial arrays are moved by noise first, since it takes from real images what zstd finds in
them. What it does beyond that, the coarseness of the rounding makes up for (`fitting`), which is why the layout is
planned for one from which it can go both ways. Where steps share the error of the images (`rounding`), the size
is reckoned from the bits that are best for a value, and the trial is whether the initial arrays have them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from nsdcodec.encoding import coresets, initial_images, starting
from nsdcodec.encoding.budget import Budget
from nsdcodec.encoding.fitting import ACCURACY, AIM, FILLED, file_bytes, finest, fitted
from nsdcodec.encoding.parameterizations.base import initial_arrays
from nsdcodec.encoding.rounding import shares_error
from nsdcodec.encoding.run import context
from nsdcodec.encoding.task import FIGURES_BYTES, Task, header, hold_out, layout_of_start, plan_packed
from nsdcodec.errors import NsdError, OverBudget
from nsdcodec.format.container.file import NSDFile
from nsdcodec.format.layout import Layout
from nsdcodec.format.stored_types import SCALED, ValueType
from nsdcodec.learning.compute import Compute
from nsdcodec.learning.memory_plan import MemoryPlan
from nsdcodec.system.randomness import stream

# The coarseness that a layout is planned for: the rounding can still become finer, and fill what training left.
PLANNED: dict[ValueType, float] = {"int8": 1.4, "int6": 1.3, "int4": 1.1, "int3": 0.8, "int2": 0.55}
PLANNED_FLOAT, COARSER = 2.0, 2.0
# Where the steps share the error of the images: the bits that an integer is to take in the file. With more, too few
# values tell anything, with fewer each tells too little: at 24 and 98 kbit a class of CIFAR-10 the error is least here,
# with twice as many images too (benchmarks/RESULTS.md, "Steps of equal error"). And about what share of their bytes
# the float16 kernels take; and the coarseness at most, for a file that is given.
CODED_BITS, CODED_SHARE, COARSEST_SHARED = 2.35, 0.6, 8.0
# By how much training moves values at most, of their root mean square: as idc and nsd on CIFAR-10 compress after it.
NOISE = 0.15
# A layout that takes this share of the budget is enough, since the rounding is fitted to the rest.
ENOUGH = 0.96
MOST_TRIALS, GROWTH, LEAST_GROWTH = 12, 2.0, 1.003


@dataclass(frozen=True)
class Plan:
    """`packed_bytes` is the budget of packed bytes that the parameterization makes this layout for; None where the task
    has no budget of bytes."""

    layout: Layout
    packed_bytes: int | None


@dataclass(frozen=True)
class _Tried:
    """A budget of packed bytes, the layout that it makes, and the size of its file. `first_bytes` is that of the
    initial arrays by the finest rounding. `file_bytes` is what counts: the size as training leaves them, by the planned
    rounding, tried or reckoned; or `first_bytes` where that is less, since a set that is trained little should fill its
    budget too; but, where it is tried, no less than the size as training leaves them by a rounding that is COARSER,
    since more than that would cost too much of each value."""

    packed_bytes: int
    layout: Layout
    file_bytes: int
    first_bytes: int


class Trials:
    """Trial codings of a task's initial arrays, made on the CPU."""

    def __init__(self, task: Task, compute: Compute) -> None:
        self.task, self.compute = task, compute
        source, _ = hold_out(task)
        init = task.settings.parameterization.init
        # Real images of any choice compress alike, and a ranking takes the training of a network.
        parameterization = replace(task.settings.parameterization, init="real" if init in coresets.KINDS else init)
        self.settings = replace(task.settings, parameterization=parameterization)
        self.planned = PLANNED.get(parameterization.dtype, PLANNED_FLOAT)
        self.known: list[_Tried] = []
        self.context = context(task, Compute(), source, MemoryPlan(0), Path(), lambda progress: None)

    def tried(self, budget: Budget, packed_bytes: int) -> _Tried:
        """Raises what the parameterization does, where it has no layout of so many bytes."""
        return self.of(_layout(self.task, budget, packed_bytes), packed_bytes)

    def of(self, layout: Layout, packed_bytes: int) -> _Tried:
        for known in self.known:
            if known.layout == layout:
                return replace(known, packed_bytes=packed_bytes)
        initial = self.initial(layout)
        at_first = self._file_bytes(layout, initial, finest(self.task, layout))
        if shares_error(layout):
            counts = min(self._reckoned(layout), at_first)
        else:
            trained = self.trained(initial)
            as_planned, coarser = (self._file_bytes(layout, trained, factor * self.planned) for factor in (1, COARSER))
            counts = sorted((as_planned, coarser, at_first))[1]
        self.known.append(_Tried(packed_bytes, layout, counts, at_first))
        return self.known[-1]

    def initial(self, layout: Layout) -> dict[str, Tensor]:
        generator = stream(self.task.seed, "initial")
        real = initial_images.real_images(self.settings, layout, self.context, generator)
        arrays = initial_arrays(self.settings.parameterization, layout, real, generator)
        return {role: values.cpu() for role, values in arrays.items()}

    def trained(self, arrays: dict[str, Tensor]) -> dict[str, Tensor]:
        """About as training leaves them, for a coder."""
        noise, generator = _noise(self.task), stream(self.task.seed, "trial")
        if not noise:
            return arrays
        fixed = self.settings.parameterization.fixed
        return {
            role: values if role in fixed or not values.is_floating_point() else _moved(values, noise, generator)
            for role, values in arrays.items()
        }

    def _reckoned(self, layout: Layout) -> int:
        """With CODED_BITS for each integer, whatever the arrays are."""
        stated = header(self.task, self.compute, layout, 0, ACCURACY)
        coded = sum(CODED_BITS * spec.size / 8 for spec in layout.arrays.values() if spec.dtype in SCALED)
        others = sum(spec.nbytes for spec in layout.arrays.values() if spec.dtype not in SCALED)
        return math.ceil(coded + CODED_SHARE * others) + len(stated.to_json()) + FIGURES_BYTES

    def _file_bytes(self, layout: Layout, arrays: dict[str, Tensor], coarseness: float) -> int:
        stated = header(self.task, self.compute, layout, 0, ACCURACY)
        return file_bytes(stated, arrays, coarseness) + FIGURES_BYTES


def _moved(values: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    return values + noise * values.square().mean().sqrt() * torch.randn(values.shape, generator=generator)


def _noise(task: Task) -> float:
    """By how much training moves values, of their root mean square. Adam's steps are of that size times its rate, and
    fall to half of it on average."""
    if not task.settings.objective.trains:
        return 0.0
    optimizer = task.settings.optimizer
    if task.time_limit is not None or optimizer.kind != "adam":
        return NOISE
    return min(NOISE, 0.5 * optimizer.learning_rate * math.sqrt(task.settings.iterations))


def plan(task: Task, compute: Compute) -> Plan:
    """The largest layout whose file fits the budget by the size that counts. Where that would leave some of the budget,
    since the next larger one takes much more, it is the next larger, which will be rounded more coarsely. At least what
    fits it packed. Raises OverBudget where nothing does, before any training."""
    if task.start is not None:
        return Plan(_of_start(task, compute, task.start), None)
    layout, budget = plan_packed(task, compute, task.budget)
    most = task.budget.file_bytes
    if most is None or budget.file_bytes is None:
        return Plan(layout, None)
    trials = Trials(task, compute)
    fits, above = trials.of(layout, budget.file_bytes), None
    for _ in range(MOST_TRIALS):
        if _is_enough(fits, most) or (above and above.packed_bytes < LEAST_GROWTH * fits.packed_bytes):
            break
        try:
            tried = trials.tried(budget, _between(fits, above, most))
        except NsdError:
            break
        fits, above = (tried, above) if tried.file_bytes <= most else (fits, tried)
    chosen = above if above and fits.first_bytes < FILLED * most else fits
    return Plan(chosen.layout, chosen.packed_bytes)


def _of_start(task: Task, compute: Compute, start: NSDFile) -> Layout:
    layout, most = layout_of_start(task, start), task.budget.file_bytes
    if most is None:
        return layout
    coarsest = COARSER * PLANNED.get(task.settings.parameterization.dtype, PLANNED_FLOAT)
    coarsest = COARSEST_SHARED if shares_error(layout) else coarsest
    needed = file_bytes(header(task, compute, layout, 0, ACCURACY), starting.arrays(start, layout), coarsest)
    needed += FIGURES_BYTES
    if needed > most:
        raise OverBudget(
            f"--start: its arrays take {needed:,} bytes with the header, rounded as coarsely as makes sense, and the "
            f"budget is {most:,}; leave --bits-per-class out, or raise it to "
            f"{math.ceil(8 * needed / task.source.geometry.classes):,}",
            needed,
        )
    return layout


def _is_enough(tried: _Tried, most: int) -> bool:
    return tried.file_bytes >= ENOUGH * most and tried.first_bytes >= FILLED * most


def _between(fits: _Tried, above: _Tried | None, most: int) -> int:
    """Packed bytes between those of the largest that fits and of the smallest that does not, by interpolation."""
    if above is None:
        return math.ceil(fits.packed_bytes * min(max(AIM * most / fits.file_bytes, LEAST_GROWTH), GROWTH))
    share = (AIM * most - fits.file_bytes) / (above.file_bytes - fits.file_bytes)
    return fits.packed_bytes + round(min(max(share, 0.2), 0.8) * (above.packed_bytes - fits.packed_bytes))


def planned_for(task: Task, packed_bytes: int | None, compute: Compute) -> Plan:
    """That of a run that goes on. Earlier ones were planned for what fits packed, and noted no bytes."""
    if task.start is not None:
        return Plan(layout_of_start(task, task.start), None)
    layout, budget = plan_packed(task, compute, task.budget)
    return Plan(layout if packed_bytes is None else _layout(task, budget, packed_bytes), packed_bytes)


def _layout(task: Task, budget: Budget, packed_bytes: int) -> Layout:
    """Images are of the size that the budget itself asks for, however well they compress."""
    budget = replace(budget, packed_bytes=packed_bytes)
    return task.settings.parameterization.layout(task.source.geometry, budget)


def expected_bytes(task: Task, compute: Compute, layout: Layout) -> int:
    """Of the file, about, as it will be fitted to the budget."""
    trials = Trials(task, compute)
    arrays = trials.trained(trials.initial(layout))
    coarseness = fitted(task, compute, layout, arrays, trials.planned)
    return file_bytes(header(task, compute, layout, 0, ACCURACY), arrays, coarseness)
