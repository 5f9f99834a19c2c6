"""The report of a bench as a picture: bars, or lines over an axis. Needs the extra `figures`."""

from __future__ import annotations

import io
import math
import re
from typing import Any

from nsdcodec.system.packages import package

DOTS_PER_INCH = 110
GAP = 0.2  # of a group, free beside its bars


def plot(found: dict[str, Any]) -> bytes:
    """A PNG of a report: a group of bars for each row and budget, and a bar for each column, with standard deviations;
    published figures are hollow markers. If the table has an axis, lines over `x` instead. Raises MissingData."""
    rows = [row for row in found["rows"] if row["columns"]]
    figure = package("matplotlib.figure", "figures").Figure(
        figsize=(max(7.0, 0.9 * len(rows) + 2), 4.8), dpi=DOTS_PER_INCH, layout="constrained"
    )
    axes = figure.subplots()
    # Titles hold names of sources, which may have dollars.
    title = f"{found['table']}, {found['source']}, scale {found['scale']}"
    axes.set_title(title, parse_math=False)
    axes.set_ylabel("accuracy in %")
    (_lines if found["axis"] else _bars)(axes, rows, found)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend()
    memory = io.BytesIO()
    figure.savefig(memory, format="png")
    return memory.getvalue()


def _bars(axes: Any, rows: list[dict[str, Any]], found: dict[str, Any]) -> None:
    # Of corruptions, the first and the last: the clean images and the average.
    names = found["columns"] if len(found["columns"]) <= 6 else [found["columns"][0], found["columns"][-1]]
    width = (1 - GAP) / len(names)
    labelled = False
    for i, name in enumerate(names):
        figures = [row["columns"].get(name) for row in rows]
        places = [place + (i - (len(names) - 1) / 2) * width for place in range(len(rows))]
        measured = [(place, one) for place, one in zip(places, figures, strict=True) if one and one["mean"] is not None]
        axes.bar(
            [place for place, _ in measured],
            [one["mean"] for _, one in measured],
            width * 0.9,
            yerr=[_spread(one) for _, one in measured],
            capsize=3,
            label=name,
            color=f"C{i}",
        )
        labelled = _published(axes, places, figures, labelled)
    several = len({row["ipc"] for row in rows}) > 1
    labels = [f"{row['row']}\nIPC {row['ipc']:g}" if several else row["row"] for row in rows]
    axes.set_xticks(range(len(rows)), labels, rotation=30 if len(rows) > 6 else 0)


def _lines(axes: Any, rows: list[dict[str, Any]], found: dict[str, Any]) -> None:
    name, labelled = found["columns"][0], False
    for ipc in sorted({row["ipc"] for row in rows}):
        of_ipc = [row for row in rows if row["ipc"] == ipc]
        measured = [row for row in of_ipc if row["columns"].get(name, {}).get("mean") is not None]
        axes.errorbar(
            [row["x"] for row in measured],
            [row["columns"][name]["mean"] for row in measured],
            yerr=[_spread(row["columns"][name]) for row in measured],
            marker="o",
            capsize=3,
            label=f"IPC {ipc:g}",
        )
        figures = [row["columns"].get(name) for row in of_ipc]
        labelled = _published(axes, [row["x"] for row in of_ipc], figures, labelled)
    axes.set_xlabel(found["axis"])


def _published(axes: Any, places: list[float], figures: list[dict[str, Any] | None], labelled: bool) -> bool:
    """Hollow markers; a label for the first of them."""
    found = [
        (place, float(number[0]))
        for place, one in zip(places, figures, strict=True)
        if one and (number := re.match(r"\d+(\.\d+)?", one["published"]))
    ]
    if not found:
        return labelled
    axes.plot(
        [place for place, _ in found],
        [value for _, value in found],
        linestyle="none",
        marker="D",
        markerfacecolor="none",
        markeredgecolor="black",
        label=None if labelled else "published (its own setting)",
    )
    return True


def _spread(figure: dict[str, Any]) -> float:
    for name in ("deviation", "network_deviation"):
        if figure[name] is not None:
            return float(figure[name])
    return math.nan  # which draws none
