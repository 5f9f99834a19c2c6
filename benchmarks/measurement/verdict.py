"""A target of speed or memory, and whether it is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measurement.machine import Load
from measurement.report import Cells


@dataclass(frozen=True)
class Verdict:
    """`measured` is None where it was not; `met` then too. `of_time`: other work on the machine makes it worse."""

    target: str
    of: str
    wanted: str
    measured: str | None
    met: bool | None
    of_time: bool = True


def verdict_cells(targets: Sequence[dict[str, Any]], of: str, load: dict[str, Any] | None) -> Cells:
    """A row a target (a `Verdict` as plain data), with what was measured and whether it is met; `of` is a heading, and
    `load` a `Load` as plain data."""
    rows = [
        [target["target"], target["of"], target["wanted"], target["measured"] or "", _met(target, load)]
        for target in targets
    ]
    return ["target", of, "wanted", "measured", "met"], rows


def _met(target: dict[str, Any], load: dict[str, Any] | None) -> str:
    if target["met"] is None:
        return "not measured"
    if target["met"]:
        return "yes"
    found = None if load is None else Load(**load)
    return f"no (the machine was busy: {found.text})" if target["of_time"] and found and found.busy else "no"
