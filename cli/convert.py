"""nsdc convert: write a file in other stored types or codings, and show what that costs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nsdcodec.format.stored_types import GRANULARITIES, VALUES, Granularity, ValueType

from . import options, output

if TYPE_CHECKING:
    from nsdcodec.format.comparison import ImageError


def convert(
    file: options.FileArgument,
    to: Annotated[Path, typer.Argument(help="The .nsd file to write; may be the same.", show_default=False)],
    dtype: Annotated[
        str | None, typer.Option(help=f"Stored type of all values: {', '.join(VALUES)} (default: unchanged).")
    ] = None,
    scale: Annotated[
        str, typer.Option(help=f"Which values of an integer type share a scale: {', '.join(GRANULARITIES)}.")
    ] = GRANULARITIES[0],
    codec: Annotated[str, typer.Option(help="Coding of the arrays: auto (the smaller one), raw or zstd.")] = "auto",
    json: bool = output.JSON,
) -> None:
    """Write a file in other stored types or codings, and print the sizes and the error of the images."""
    from nsdcodec.format.conversion import convert as run

    # It refuses what is no such type or scale.
    done = run(file, to, cast(ValueType | None, dtype), scale=cast(Granularity, scale), codec=codec)
    before, after, error = done.before, done.after, done.error
    if json:
        output.print_json(
            {
                "bytes_before": before.nbytes,
                "bytes": after.nbytes,
                "bits_per_class": after.bits_per_class,
                "psnr": error.psnr if math.isfinite(error.psnr) else None,
                "largest": error.largest,
            }
        )
        return
    share = after.nbytes / before.nbytes
    output.print_pairs(
        [
            ("file", f"{to}: {before.nbytes:,} -> {after.nbytes:,} bytes ({share:.1%})"),
            ("bits a class", f"{before.bits_per_class:,.0f} -> {after.bits_per_class:,.0f}"),
            ("image error", _error(error)),
        ]
    )


def _error(error: ImageError) -> str:
    if error.differing == 0:
        return "none: every image is the same"
    return f"PSNR {error.psnr:.2f} dB, largest {error.largest:.2f} of 255"
