"""Draw an `Analysis` as a PNG. Needs the extra `figures`, but no display; no global state of matplotlib is changed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from nsdcodec.evaluation.analysis import DIMENSIONS, Analysis
from nsdcodec.system.packages import package

DOTS_PER_INCH = 110
# Of variance, below the highest, at most: what is under it is black.
DECADES = 5
BAR = 0.8  # length of a colour bar, beside a panel that is shorter than its place
MASKS = ("solid", "dashed")  # the outlines of the two masks
OUTLINE = "cyan"  # seen on the dark and on the bright end of magma


def analysis_png(analysis: Analysis, title: str) -> bytes:
    """Six panels: the similarities along batch, height and width (NSD Fig. 4), the explained variance ratio of the
    frequencies with those that masks of a sixteenth and a quarter keep (FreD), and both cumulative. The images of the
    first panel are in the order of their leading component, since their own is random. Raises MissingData."""
    figure = package("matplotlib.figure", "figures").Figure(figsize=(13, 8), dpi=DOTS_PER_INCH, layout="constrained")
    # Titles hold class names, which may have dollars.
    figure.suptitle(title, fontsize=13, parse_math=False)
    (batch, height, width), (frequencies, kept, ranks) = figure.subplots(2, 3)
    _similarity(batch, analysis, "batch")
    _similarity(height, analysis, "height")
    _similarity(width, analysis, "width")
    _frequencies(frequencies, analysis)
    _kept(kept, analysis)
    _ranks(ranks, analysis)
    memory = io.BytesIO()
    figure.savefig(memory, format="png")
    return memory.getvalue()


def _similarity(axes: Any, analysis: Analysis, name: str) -> None:
    values = analysis.dimensions[name].similarity
    label = name
    if name == "batch":
        order = np.argsort(np.linalg.eigh(values)[1][:, -1])
        values, label = values[np.ix_(order, order)], "image, ordered by leading component"
    lowest = -1.0 if values.min() < 0 else 0.0
    mean = analysis.dimensions[name].mean_similarity()
    drawn = axes.imshow(values, vmin=lowest, vmax=1, cmap="RdBu_r" if lowest < 0 else "magma")
    axes.set(title=f"similarity along {name} (mean {mean:.2f})", xlabel=label)
    axes.figure.colorbar(drawn, ax=axes, label="cosine", shrink=BAR)


def _frequencies(axes: Any, analysis: Analysis) -> None:
    colors = package("matplotlib.colors", "figures")
    values = analysis.frequencies
    lowest = max(values.max() * 10**-DECADES, values[values > 0].min() / 2)
    scale = colors.LogNorm(lowest, values.max(), clip=True)
    drawn = axes.imshow(values, norm=scale, cmap="magma")
    ordered = np.sort(values, axis=None)[::-1]
    for k, style in zip(analysis.fractions(), MASKS, strict=True):
        _outline(axes, values >= ordered[k - 1], style)
    axes.set(title="explained variance ratio", xlabel="horizontal frequency", ylabel="vertical frequency")
    axes.figure.colorbar(drawn, ax=axes, label="share of the variance", shrink=BAR)


def _outline(axes: Any, mask: Any, style: str) -> None:
    """Lines between the pixels that are in the mask and those that are not."""
    inside = np.pad(mask, ((0, 1), (0, 1)))
    rows, columns = np.nonzero(inside[:-1, :-1] != inside[1:, :-1])
    axes.hlines(rows + 0.5, columns - 0.5, columns + 0.5, color=OUTLINE, linewidth=1.2, linestyle=style)
    rows, columns = np.nonzero(inside[:-1, :-1] != inside[:-1, 1:])
    axes.vlines(columns + 0.5, rows - 0.5, rows + 0.5, color=OUTLINE, linewidth=1.2, linestyle=style)


def _kept(axes: Any, analysis: Analysis) -> None:
    kept = analysis.kept()
    axes.plot(np.arange(1, len(kept) + 1), 100 * kept, color="black")
    for k, color, style in zip(analysis.fractions(), ("C3", "C0"), MASKS, strict=True):
        label = f"{k:,} of {len(kept):,} keep {kept[k - 1]:.1%}"
        axes.plot([k, k], [0, 100 * kept[k - 1]], marker="o", markevery=[1], color=color, linestyle=style, label=label)
    axes.set(title="variance kept by the best frequencies", xlabel="frequencies", ylabel="% of the variance")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    _finish(axes)
    axes.legend()


def _ranks(axes: Any, analysis: Analysis) -> None:
    for name in DIMENSIONS:
        explained = np.concatenate([[0], analysis.dimensions[name].explained])
        full = len(explained) - 1
        axes.plot(100 * np.arange(full + 1) / full, 100 * explained, label=f"{name} (full rank {full:,})")
    axes.set(title="squares kept by rank, of each unfolding", xlabel="% of full rank", ylabel="% of the squares")
    _finish(axes)
    axes.legend(loc="lower right")


def _finish(axes: Any) -> None:
    axes.set_ylim(0, 103)
    axes.set_box_aspect(1)
    axes.grid(alpha=0.3)
