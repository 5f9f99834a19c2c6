"""The frontier as a picture: accuracy over bits a class on a logarithmic axis. Needs the extra `figures`."""

from __future__ import annotations

import io
import itertools
import json
import textwrap
from collections.abc import Iterator
from typing import Any

from nsdcodec.bench.frontier import Frontier
from nsdcodec.system.packages import package

DOTS_PER_INCH = 120
MARKERS = "osD^vPX*p"
OURS, FULL_COLOR = "black", "0.45"
# Where a label may stand beside its marker, in points, and which of its corners is there: the first that is free.
PLACES = (
    (9, 0, "left", "center"),
    (9, -3, "left", "top"),
    (-9, 0, "right", "center"),
    (-9, -3, "right", "top"),
    (0, -9, "center", "top"),
    (-9, 3, "right", "bottom"),
    (9, 3, "left", "bottom"),
    (0, 9, "center", "bottom"),
    (0, -24, "center", "top"),
    (0, 24, "center", "bottom"),
)
# How far markers and lines reach, in points; into how many steps a line is taken apart; what leaving the frame weighs,
# and covering another label or the legend, beside a marker or a step of a line.
MARKER, LINE, STEPS, OUTSIDE, TEXT = 6, 1, 60, 1000, 100
WRAPPED = 26  # characters of a line of a label


def plot(found: Frontier, suffix: str) -> bytes:
    """The bytes of a picture, "png" or "svg". Published figures are hollow markers, a kind and a colour for each method
    and a thin line through its budgets; measured files are filled, with their spread, and a label each that covers
    nothing. The figures themselves are in its description. Raises MissingData."""
    figure, _ = drawn(found)
    told = {"Description": json.dumps(found.document(), ensure_ascii=True)}
    memory = io.BytesIO()
    # Without the date, so that the same figures give the same bytes.
    figure.savefig(memory, format=suffix, metadata=told | ({"Date": None} if suffix == "svg" else {}))
    return memory.getvalue()


def drawn(found: Frontier) -> tuple[Any, list[Any]]:
    """The figure of matplotlib, and the labels in it."""
    figure = package("matplotlib.figure", "figures").Figure(figsize=(9, 5.4), dpi=DOTS_PER_INCH, layout="constrained")
    package("matplotlib.backends.backend_agg", "figures").FigureCanvasAgg(figure)  # which can measure texts
    axes = figure.subplots()
    axes.set_xscale("log")
    _published(axes, found)
    _measured(axes, found)
    _frame(axes, found)
    axes.legend(loc="lower right", frameon=True, framealpha=1.0, fontsize=9)
    # Sizes of texts are known only where all is in its place.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure, list(_labelled(figure, axes, found))


def _published(axes: Any, found: Frontier) -> None:
    methods = list(dict.fromkeys(point.method for point in sorted(found.published, key=lambda point: -point.accuracy)))
    for number, method in enumerate(methods):
        own = [(point.bits_per_class, point.accuracy) for point in found.published if point.method == method]
        axes.plot(
            *zip(*own, strict=True),
            label=method,
            color=f"C{number}",
            linewidth=0.9,
            alpha=0.9,
            marker=MARKERS[number % len(MARKERS)],
            markersize=8,
            markerfacecolor="none",
            markeredgewidth=1.5,
        )


def _measured(axes: Any, found: Frontier) -> None:
    if not found.measured:
        return
    axes.errorbar(
        [point.bits_per_class for point in found.measured],
        [point.accuracy for point in found.measured],
        yerr=[point.deviation or 0.0 for point in found.measured],
        label="measured .nsd files, all bytes",
        linestyle="none",
        marker="o",
        markersize=9,
        color=OURS,
        capsize=3,
        zorder=3,
    )


def _frame(axes: Any, found: Frontier) -> None:
    bits = [place for place, _ in found.points]
    axes.set_xlim(min(bits) / 2, max(bits) * 2)
    low, high = axes.get_ylim()
    if found.full is not None:
        axes.axhline(found.full, color=FULL_COLOR, linestyle="dashed", linewidth=1)
        text = f"all real images: {found.full:g}"
        axes.annotate(
            text, (min(bits) / 2, found.full), (6, 3), textcoords="offset points", color=FULL_COLOR, fontsize=9
        )
        high = max(high, found.full + 3)
    # Below the lowest there is place for labels.
    axes.set_ylim(low - 0.08 * (high - low), high)
    axes.set_xlabel("bits a class")
    axes.set_ylabel("test accuracy in %")
    axes.set_title(
        f"{found.source}: accuracy of networks trained on a distilled set (hollow: published)",
        fontsize=11,
        parse_math=False,
    )
    ticker = package("matplotlib.ticker", "figures")
    axes.xaxis.set_major_locator(ticker.LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: bits_text(value)))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    unit = found.image_bits
    above = axes.secondary_xaxis("top", functions=(lambda bits: bits / unit, lambda images: images * unit))
    above.set_xlabel("as so many float32 images a class", fontsize=9)
    above.xaxis.set_major_locator(ticker.LogLocator(10, subs=(1.0, 5.0)))
    above.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    above.xaxis.set_minor_formatter(ticker.NullFormatter())
    above.tick_params(labelsize=9)


def bits_text(bits: float) -> str:
    """50 kbit, 1 Mbit."""
    return f"{bits / 1e6:g} Mbit" if bits >= 1e6 else f"{bits / 1e3:g} kbit"


def _labelled(figure: Any, axes: Any, found: Frontier) -> Iterator[Any]:
    """A label for each measured file, in the place where it covers the fewest markers, lines and other labels."""
    renderer, frame = figure.canvas.get_renderer(), axes.get_window_extent()
    transforms = package("matplotlib.transforms", "figures")
    texts, covered = [axes.get_legend().get_window_extent(renderer)], []
    for reach, dots in ((MARKER, axes.transData.transform(found.points)), (LINE, _lines(axes, found))):
        size = reach * figure.dpi / 72
        covered += [transforms.Bbox.from_extents(x - size, y - size, x + size, y + size) for x, y in dots]
    for point in found.measured:
        spread = "" if point.deviation is None else f" ± {point.deviation:.1f}"
        label = axes.annotate(
            "\n".join([*textwrap.wrap(point.name, WRAPPED), f"{point.accuracy:.1f}{spread}"]),
            (point.bits_per_class, point.accuracy),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=8.5,
            linespacing=1.1,
            parse_math=False,
            zorder=4,
        )

        def box(place: tuple[float, float, str, str], label: Any = label) -> Any:
            x, y, horizontal, vertical = place
            label.set(position=(x, y), ha=horizontal, va=vertical)
            return label.get_window_extent(renderer)

        def hidden(place: tuple[float, float, str, str], box: Any = box) -> int:
            at = box(place)
            outside = at.x0 < frame.x0 or at.x1 > frame.x1 or at.y0 < frame.y0 or at.y1 > frame.y1
            return int(OUTSIDE * outside) + sum(
                weight * bool(at.overlaps(other))
                for weight, others in ((1, covered), (TEXT, texts))
                for other in others
            )

        texts.append(box(min(PLACES, key=hidden)))
        yield label


def _lines(axes: Any, found: Frontier) -> Iterator[Any]:
    """Dots along the lines of the methods."""
    for method in {point.method for point in found.published}:
        own = [(point.bits_per_class, point.accuracy) for point in found.published if point.method == method]
        ends = axes.transData.transform(own)
        for start, end in itertools.pairwise(ends):
            yield from (start + (end - start) * step / STEPS for step in range(STEPS + 1))
