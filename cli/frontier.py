"""nsdc bench frontier: accuracy against bits a class, published and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nsdcodec.errors import InvalidSetting

from . import output

if TYPE_CHECKING:
    from nsdcodec.bench.frontier import Frontier

NAME = "frontier"
ABOUT = "accuracy against bits a class: published figures and measured files, as a picture"
PICTURES = (".png", ".svg")


def show(source: str, out: Path | None, measured: list[Path], json: bool) -> None:
    """Prints the figures of a data set, and draws them to `out` if that is given."""
    from nsdcodec.bench.frontier import frontier
    from nsdcodec.format import zoo

    if out is not None and out.suffix.lower() not in PICTURES:
        raise InvalidSetting(f"-o {out}: the picture can be {' or '.join(PICTURES)}; give such a name")
    found = frontier(source, measured or [zoo.folder() / zoo.TABLE])
    if out is not None:
        from nsdcodec.bench.frontier_plot import plot
        from nsdcodec.system import atomic

        atomic.write(out, plot(found, out.suffix.lower().removeprefix(".")))
    if json:
        output.print_json(found.document())
        return
    output.print_table([f"{source}, by", "bits a class", "accuracy in %", "", "from"], _rows(found))
    if found.full is not None:
        print(f"a network trained on all real images: {found.full:g} %")
    if out is not None:
        print(output.printable(str(out)))


def _rows(found: Frontier) -> list[list[str]]:
    """By bits; measured files have their spread."""
    rows = [
        (point.bits_per_class, point.accuracy, [point.method, f"{point.accuracy:.1f}", "published", point.origin])
        for point in found.published
    ]
    for point in found.measured:
        spread = "" if point.deviation is None else f" ± {point.deviation:.1f}"
        cells = [point.name, f"{point.accuracy:.1f}{spread}", "measured", point.origin]
        rows.append((point.bits_per_class, point.accuracy, cells))
    return [[name, f"{bits:,.0f}", *rest] for bits, _, (name, *rest) in sorted(rows)]
