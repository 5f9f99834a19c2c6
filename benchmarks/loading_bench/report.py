"""The measurement of loading for people: cells for a terminal, and Markdown. After `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measurement.machine import Load, made_by_line
from measurement.report import Cells, markdown_table, write_report
from measurement.verdict import verdict_cells


def write(found: dict[str, Any], folder: Path) -> list[Path]:
    """Writes loader.md and loader.json; their paths. Raises FileAccess."""
    return write_report(found, markdown(found), folder, "loader")


def cells(of_set: dict[str, Any]) -> Cells:
    """A row a contender, the fastest first."""
    trained = any(row["step"] for row in of_set["contenders"])
    header = ["contender", "what it is", "images/s", "lowest to highest", "first batch", "memory"]
    header += ["step", "waiting"] if trained else []
    rows = []
    for row in sorted(of_set["contenders"], key=lambda row: -row["images_per_second"]):
        rates, memory, step = row["by_round"], row["memory"], row["step"]
        texts = [
            row["name"],
            row["about"],
            f"{row['images_per_second']:,.0f}",
            f"{min(rates):,.0f} to {max(rates):,.0f}",
            f"{1000 * row['first_batch']:,.1f} ms",
            "" if memory is None else f"{memory / 1e6:,.1f} MB",
        ]
        if trained:
            texts += [f"{1000 * step['whole']:,.0f} ms", f"{step['wait_share']:.1%}"] if step else ["", ""]
        rows.append(texts)
    return header, rows


def verdicts(found: dict[str, Any]) -> Cells:
    """A row a target, with what was measured and whether it is met."""
    return verdict_cells(found["targets"], "set", found["load"])


def title(of_set: dict[str, Any]) -> str:
    shape = " x ".join(map(str, of_set["shape"]))
    return (
        f"{of_set['name']}: {of_set['images']:,} images of {shape}, form {of_set['parameterization']}, "
        f"{of_set['bytes']:,} bytes, {of_set['rounds']} rounds"
    )


def notes(found: dict[str, Any]) -> list[str]:
    """What a reader must know of the figures, a line each."""
    batch = found["batch_size"]
    lines = [
        f"All serve the same images, float32, normalised, shuffled anew each epoch, in batches of {batch}, on the CPU, "
        f"with {found['threads']} threads of torch; workers are {found['workers']}, and outlive an epoch. "
        "WebDataset shuffles shards, and samples within a buffer of 1,000. Files are in the system's cache.",
        "images/s: the median over rounds, in each of which every contender serves whole epochs in turn. A target that "
        "compares two is the median of the rounds' ratios.",
        "First batch: from opening what is on disk, in a fresh process that has imported all and used torch once. "
        "Memory: by how much two epochs raise the peak of that process, and what workers hold of their own.",
    ]
    if any(of_set["images"] <= batch for of_set in found["sets"]):
        lines.append(
            "An epoch of no more images than a batch is one batch: what a loader does once an epoch counts in full."
        )
    if any(row["step"] for of_set in found["sets"] for row in of_set["contenders"]):
        network = found["network"]
        lines.append(
            f"Step: a step of SGD of a {network['name']} {network['depth']} x {network['width']}, with the wait for "
            "its batch; waiting: the share of that wait."
        )
    lines.append("The targets were set for two CPU cores, images of 3 x 32 x 32, batches of 256 and two threads.")
    lines += [f"Skipped: {name}: {why}" for name, why in _skipped(found).items()]
    if found["load"] is not None:
        lines.append(f"Meanwhile {Load(**found['load']).text}, on average.")
    if found["command"]:
        lines.append(f"Command: `{found['command']}`")
    lines.append(made_by_line(found["made_by"]))
    return lines


def _skipped(found: dict[str, Any]) -> dict[str, str]:
    every: dict[str, str] = {name: why for of_set in found["sets"] for name, why in of_set["skipped"].items()}
    every.update(found["missing"])
    return every


def markdown(found: dict[str, Any]) -> str:
    lines = ["# The speed of loading"]
    for of_set in found["sets"]:
        lines += ["", f"## {title(of_set)}", "", *markdown_table(cells(of_set))]
    lines += ["", "## Targets", "", *markdown_table(verdicts(found)), "", *(f"- {note}" for note in notes(found))]
    return "\n".join(lines) + "\n"
