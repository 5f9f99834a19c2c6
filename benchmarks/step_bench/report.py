"""The measurement of an iteration for people: cells for a terminal, and Markdown. After `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measurement.machine import Load, made_by_line
from measurement.report import Cells, markdown_table, write_report
from measurement.verdict import verdict_cells


def write(found: dict[str, Any], folder: Path) -> list[Path]:
    """Writes step.md and step.json; their paths. Raises FileAccess."""
    return write_report(found, markdown(found), folder, "step")


def title(work: dict[str, Any]) -> str:
    floors = ", ".join(f"{_seconds(seconds)} in {precision}" for precision, seconds in work["floor"].items())
    return (
        f"{work['images']} images x {work['steps']} steps, ConvNet{work['depth']}-{work['width']}: "
        f"{work['floor_flops'] / 1e9:,.1f} GFLOP; floor {floors}"
    )


def cells(work: dict[str, Any]) -> Cells:
    """A row a contender, then those that have no figures."""
    header = ["contender", "what it is", "s/iteration", "lowest to highest", "of published", "peak memory"]
    header += ["GFLOP/s", "share of the floor"]
    rows = []
    for row in work["contenders"]:
        ratio, memory = row["against_published"], row["memory"]
        rows.append(
            [
                row["name"],
                row["about"],
                _seconds(row["seconds"]),
                f"{_seconds(min(row['by_round']))} to {_seconds(max(row['by_round']))}",
                "" if ratio is None else f"{ratio:.3g} x",
                "" if memory is None else f"{memory / 1e6:,.0f} MB",
                f"{row['flops'] / 1e9:,.0f}",
                f"{row['floor_share']:.1%}",
            ]
        )
    return header, rows


def gradient_cells(found: dict[str, Any]) -> Cells:
    """A row a contender: how near its gradient is to the exact one."""
    rows = [
        [name, f"{near['coefficients']:.2e}", f"{near['cosine']:.9f}", f"{near['rate']:.2e}"]
        for name, near in found["gradients"]["contenders"].items()
    ]
    return ["gradient", "coefficients: relative distance", "cosine", "student rate: relative distance"], rows


def verdicts(found: dict[str, Any]) -> Cells:
    """A row a target, with what was measured and whether it is met."""
    return verdict_cells(found["targets"], "images x steps", found["load"])


def skipped(work: dict[str, Any]) -> list[str]:
    """A line each contender that has no figures."""
    return [f"Skipped: {work['images']} x {work['steps']}: {name}: {why}" for name, why in work["skipped"].items()]


def notes(found: dict[str, Any]) -> list[str]:
    """What a reader must know of the figures, a line each."""
    hardware, small = found["hardware"], found["gradients"]["work"]
    speeds = ", ".join(f"{flops / 1e9:,.0f} GFLOP/s in {precision}" for precision, flops in hardware["flops"].items())
    lines = [
        f"One iteration of trajectory matching ({found['device']}, threads of torch: {found['threads']}): images "
        "decoded from FreD's coefficients, a student's steps on all of them with DSA, and the gradient of coefficients "
        "and student rate. All do the same work with the same draws; none takes the optimiser's step.",
        "Published: NSD's Algorithm 1 as a research script has it: PyTorch's layers and double backward through all "
        "steps, one decoding an iteration, freed memory as the C library handles it; kept: with the setting of our "
        "commands, which any script could have. Ours: what `nsdc encode` runs.",
        f"s/iteration: the median of {found['rounds']} rounds, in each of which every contender has one iteration in "
        "turn, after one that is not counted. Of published: the median of the rounds' ratios. Peak memory: by how much "
        "the iterations raise that of a process of the contender's own, of its tensors on a GPU.",
        f"The floor: what the published loop's products take at the speed of a large product, or its activations at "
        f"that of memory, whichever is longer; here {speeds}, {hardware['bandwidth'] / 1e9:,.1f} GB/s. GFLOP/s: of the "
        "contender's own products.",
        f"Gradients: of {small['images']} images x {small['steps']} steps, against the published loop in float64.",
    ]
    lines += [line for work in found["works"] for line in skipped(work)]
    lines += [f"Skipped: gradient: {name}: {why}" for name, why in found["gradients"]["skipped"].items()]
    if found["load"] is not None:
        lines.append(f"Meanwhile {Load(**found['load']).text}, on average.")
    if found["command"]:
        lines.append(f"Command: `{found['command']}`")
    lines.append(made_by_line(found["made_by"]))
    return lines


def markdown(found: dict[str, Any]) -> str:
    lines = ["# What an iteration of trajectory matching costs"]
    for work in found["works"]:
        lines += ["", f"## {title(work)}", "", *markdown_table(cells(work))]
    lines += ["", "## Gradients", "", *markdown_table(gradient_cells(found))]
    lines += ["", "## Targets", "", *markdown_table(verdicts(found)), "", *(f"- {note}" for note in notes(found))]
    return "\n".join(lines) + "\n"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s"
