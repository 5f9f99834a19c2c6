"""How a parameterization is fitted to a budget: whether a layout fits, the largest that does, and the error if none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from nsdcodec.encoding.budget import Budget
from nsdcodec.errors import InvalidSetting, OverBudget
from nsdcodec.format.geometry import Geometry
from nsdcodec.format.layout import Layout
from nsdcodec.format.stored_types import BITS, ValueType

# What a planner sets aside, of a budget in bytes, for the header; the encoder measures the real one before training.
HEADER_RESERVE = 1_536


def admits(budget: Budget, layout: Layout) -> bool:
    return budget.admits(layout.elements, layout.nbytes + HEADER_RESERVE)


def fits(budget: Budget, make: Callable[[], Layout]) -> bool:
    """Whether the layout is one that the budget admits and a file can hold (`Parameterization.laid_out`)."""
    try:
        return admits(budget, make())
    except InvalidSetting:
        return False


def largest(fits: Callable[[int], bool], limit: int) -> int:
    """The largest n in 1 to limit for which `fits` holds, 0 where none does; `fits` never holds again once it fails."""
    low, high = 0, limit + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def bytes_decide(budget: Budget, dtype: ValueType) -> bool:
    """Whether the bytes of the file are the tighter limit."""
    if budget.elements is None or budget.file_bytes is None:
        return budget.elements is None
    return budget.file_bytes * 8 / BITS[dtype] < budget.elements


def images_a_class(geometry: Geometry, budget: Budget, dtype: ValueType) -> float:
    """IPC: how many whole images a class the budget would hold."""
    limits = [budget.elements, budget.file_bytes and budget.file_bytes * 8 / BITS[dtype]]
    elements = min(limit for limit in limits if limit is not None)
    return elements / (geometry.classes * geometry.image_elements)


def coefficient_share(geometry: Geometry, budget: Budget, dtype: ValueType) -> float:
    """The share of an image's coefficients that is kept: FreD's table for CIFAR-10 (16, 6.4 and 4 times the images at
    IPC 1, 10 and 50) and, from 100 classes on, for CIFAR-100 (8, 2.56 and 2.56 times). Never fewer than 16 a channel:
    images of 8 pixels have no smaller picture of themselves."""
    ipc = images_a_class(geometry, budget, dtype)
    if geometry.classes >= 100:
        share = 1 / 8 if ipc < 5 else 1 / 2.56
    else:
        share = 1 / 16 if ipc < 5 else 1 / 6.4 if ipc < 25 else 1 / 4
    return min(1.0, max(share, 16 / (geometry.height * geometry.width)))


def require_fit(
    name: str, geometry: Geometry, budget: Budget, smallest: Callable[[Budget], Layout], also: str = ""
) -> None:
    """Raises OverBudget if not even the smallest layout of a parameterization fits; the message says what would fit.
    `smallest` makes it for a budget, since the planned share of coefficients depends on the budget. `also` is a further
    remedy for the message."""
    least = smallest(budget)
    if admits(budget, least):
        return
    if least.labels == "soft":
        also = f"{also}, or " * bool(also) + "give --labels hard"
    held = " and ".join(
        f"{limit:,} {unit}"
        for limit, unit in ((budget.elements, "elements"), (budget.file_bytes, "bytes"))
        if limit is not None
    )
    remedies, fitting = _enough(geometry, budget, smallest)
    raise OverBudget(
        f"{name}: its smallest set, {least.images:,} images, takes {least.elements:,} elements and "
        f"{least.nbytes + HEADER_RESERVE:,} bytes; the budget is {held}; {' and '.join(remedies)}"
        f"{also and ', or ' + also}",
        fitting.nbytes + HEADER_RESERVE,
    )


def _enough(geometry: Geometry, budget: Budget, smallest: Callable[[Budget], Layout]) -> tuple[list[str], Layout]:
    """What to raise so that the smallest layout fits, and that layout. A larger budget can have a larger smallest
    layout, so it is asked again until it fits."""
    remedies: dict[str, str] = {}
    while not admits(budget, least := smallest(budget)):
        nbytes = least.nbytes + HEADER_RESERVE
        if budget.elements is not None and least.elements > budget.elements:
            thousandths = math.ceil(1000 * least.elements / (geometry.classes * geometry.image_elements))
            remedies["ipc"] = f"raise --ipc to {thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")
            budget = replace(budget, elements=Budget.of(geometry, thousandths / 1000).elements)
        if budget.file_bytes is not None and nbytes > budget.file_bytes:
            bits = math.ceil(8 * nbytes / geometry.classes)
            remedies["bits"] = f"raise --bits-per-class to {bits:,}"
            budget = replace(budget, file_bytes=Budget.of(geometry, None, bits).file_bytes)
    return [*remedies.values()], least
