"""nsdc export: write a file's images and labels in the file formats of other tools."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options, output


def export(
    file: options.FileArgument,
    to: Annotated[str, typer.Option(help="One of {formats}.", show_default=False)],
    out: Annotated[
        str,  # a Path would lose the / at the end of a folder's
        typer.Option(
            "--output",
            "-o",
            help="What to write: a folder for imagefolder and webdataset, otherwise a file.",
            show_default=False,
        ),
    ],
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace a folder that an earlier export made. (A file is always replaced.)"),
    ] = False,
    json: bool = output.JSON,
) -> None:
    """Write all images and labels in a file format of other tools. `nsdc encode` reads each of them as a source.

    Image files hold uint8 pixels; npz, hdf5 and safetensors hold the normalised float32 images as well. Labels are
    class numbers; soft labels are written beside them.
    """  # fmt: skip
    from nsdcodec.data.dataset import NSDDataset
    from nsdcodec.export.formats import export as run

    dataset = NSDDataset(file)
    run(dataset, to, out, overwrite)
    if json:
        output.print_json({"images": len(dataset), "format": to, "written": out})
    else:
        print(f"{len(dataset)} images to {out}")
