"""Fit the file of a set to its budget by the coarseness of its rounding: trial codings until it fills it.

Beside the float values' own bits, the size of a file is that of its header and of what zstd makes of the integers; so
each trial is the whole file, and what is fitted is what will be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from torch import Tensor

from nsdcodec.encoding.rounding import as_stored, shares_error
from nsdcodec.encoding.task import Task, header
from nsdcodec.errors import OverBudget
from nsdcodec.format.container import file as nsd_file
from nsdcodec.format.container.header import Header
from nsdcodec.format.container.values import Stored, to_items
from nsdcodec.format.layout import Layout
from nsdcodec.format.stored_types import ValueType
from nsdcodec.learning.compute import Compute

# A file that takes this share of its budget is fitted; the trials aim at AIM.
FILLED, AIM = 0.985, 0.993
# Finer steps than these clip so much of normal values that their error grows again; floats lose no bits below 1.
FINEST: dict[ValueType, float] = {"int4": 0.7, "int3": 0.55, "int2": 0.4}
# Of steps that share the error of the images: those of nearly all slices are as fine as the largest integer allows.
FINEST_SHARED = 2.0**-7
# All integers are 0 well before this.
COARSEST = 1024.0
MOST_TRIALS, LEAST_STEP = 16, 0.001
# That of a header with as many digits as an accuracy can have.
ACCURACY = 0.9999


def finest(task: Task, layout: Layout) -> float:
    return FINEST_SHARED if shares_error(layout) else FINEST.get(task.settings.parameterization.dtype, 1.0)


def file_bytes(header: Header, arrays: Mapping[str, Tensor], coarseness: float) -> int:
    """Of the file that would be written. Raises OverflowError where a value does not fit its type."""
    items = {}
    for role, given in as_stored(arrays, header.layout, coarseness).items():
        items[role] = given if isinstance(given, Stored) else to_items(given, header.layout.arrays[role])
    return len(nsd_file.assembled(header, items, "auto", None))


def fitted(
    task: Task,
    compute: Compute,
    layout: Layout,
    arrays: Mapping[str, Tensor],
    coarseness: float,
    iteration: int = 0,
    rate: float | None = None,
) -> float:
    """The coarseness at which the file takes at most the bytes of the task's budget, and nearly all of them: the given
    one where it is so there; where there is no such budget, one that uses all integers and clips nothing. `iteration`
    and the learned `rate` are those that the header will have. A set that no file can hold, since it is not finite, has
    the given one. Raises OverBudget where not even the coarsest rounding fits."""
    most = task.budget.file_bytes
    if most is None:
        return 0.0 if shares_error(layout) else 1.0
    stated, least = header(task, compute, layout, iteration, ACCURACY, rate), finest(task, layout)
    try:
        return _search(lambda tried: file_bytes(stated, arrays, tried), most, layout.elements, coarseness, least)
    except OverflowError:
        return coarseness


def _search(size: Callable[[float], int], most: int, elements: int, start: float, finest: float) -> float:
    """By the place log2 of the coarseness, of which one more saves about a bit for each element. `size` falls with it
    but for small dents, so the answer is always one that was tried."""
    floor, high = math.log2(finest), math.log2(COARSEST)
    low, place = floor, min(max(floor, math.log2(start)), high)
    answer: float | None = None
    for trial in range(MOST_TRIALS):
        nbytes = size(math.exp2(place))
        if nbytes > most:
            low = place
        else:
            answer = high = place
            if nbytes >= FILLED * most or place == floor:
                break
        if high - low < LEAST_STEP:
            break
        place += 8 * (nbytes - AIM * most) / elements
        if low == floor and place < floor:
            place = floor
        elif not low < place < high or trial % 4 == 3:
            # The rule of thumb led out of what is left, or often nowhere.
            place = (low + high) / 2
    if answer is None:
        raise OverBudget(f"{size(COARSEST):,} bytes at least exceed the budget of {most:,}; raise --bits-per-class")
    return math.exp2(answer)
